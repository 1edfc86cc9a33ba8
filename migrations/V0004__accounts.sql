-- People, their sign-ins and address books, and keys for integrations.

-- version counts changes; verified_at is when mail was last proven to arrive; pending_email waits for that proof.
-- A decoy was registered with an address that already had an account: to whoever registered it looks like any other,
-- nobody can sign in to it again, and it is removed a day later.
alter table account add column version integer not null default 1;
alter table account add column verified_at integer;
alter table account add column pending_email text;
alter table account add column decoy integer not null default 0 check (decoy in (0, 1));
alter table account add column erased_at integer;

create index account_role on account (role, id);
create index account_barred on account (id) where active = 0 and decoy = 0 and erased_at is null;
create index account_decoy on account (created_at) where decoy = 1;

-- One sign-in on one device: every refresh token it ever had belongs to its family and ends with it.
create table session (
  id integer primary key autoincrement,
  account_id integer not null references account (id),
  client text,
  agent text,
  created_at integer not null,
  used_at integer not null,
  expires_at integer not null,
  ends_at integer not null check (expires_at <= ends_at)
) strict;

create index session_account on session (account_id, used_at);
create index session_expires on session (expires_at);

-- Only hashes are kept. spent_us is when a token was exchanged, in microseconds: finer than the times of requests.
create table refresh_token (
  hash blob primary key,
  session_id integer not null references session (id) on delete cascade,
  created_at integer not null,
  spent_us integer
) strict, without rowid;

create index refresh_token_session on refresh_token (session_id);
create index refresh_token_created on refresh_token (created_at);

-- Sent by mail, used once: proves a mailbox or allows a new password.
create table mail_token (
  hash blob primary key,
  account_id integer not null references account (id),
  purpose text not null check (purpose in ('verify', 'reset')),
  email text not null,
  expires_at integer not null
) strict, without rowid;

create index mail_token_account on mail_token (account_id, purpose);
create index mail_token_expires on mail_token (expires_at);

create table address (
  id integer primary key autoincrement,
  account_id integer not null references account (id),
  name text not null,
  company text,
  line1 text not null,
  line2 text,
  city text not null,
  region text,
  postal_code text not null,
  country text not null check (length(country) = 2),
  phone text,
  vat_number text,
  version integer not null default 1,
  created_at integer not null,
  updated_at integer not null
) strict;

create index address_account on address (account_id, id);

-- Shown once when made, kept as a hash; hint is its beginning, to tell keys apart.
create table api_key (
  id integer primary key autoincrement,
  name text not null,
  hash blob not null unique,
  hint text not null,
  scopes text not null,
  created_by text not null,
  created_at integer not null,
  expires_at integer
) strict;
