-- Who changed what, when and from where. Entries are chained: each hash covers the entry and the hash before it, under a
-- key that is not in the database. Times are UTC milliseconds.

-- Ids count up from 1 without gaps; the writer takes the next one from the head. No column may ever change.
create table audit (
  id integer primary key,
  at integer not null,
  actor_kind text not null check (actor_kind in ('anonymous', 'user', 'api_key', 'owner', 'shop')),
  actor_id integer,
  actor_role text,
  action text not null,
  subject_kind text,
  subject_id text,
  detail text not null default '{}',
  client text,
  request_id text,
  previous blob not null check (length(previous) = 32),
  hash blob not null check (length(hash) = 32)
) strict;

-- One index for each way to walk the log in order of time; each ends in the row's id, which breaks ties. There are few
-- actions, so the walks of several or of all of them are merged: an index of time alone would cost every write more.
create index audit_by_actor on audit (actor_kind, actor_id, at);
create index audit_by_action on audit (action, at);
create index audit_by_subject on audit (subject_kind, subject_id, at) where subject_id is not null;
create index audit_by_client on audit (client, at) where client is not null;

create trigger audit_never_changes before update on audit
begin
  select raise(abort, 'entries of the audit log never change');
end;

create trigger audit_never_shrinks before delete on audit
begin
  select raise(abort, 'entries of the audit log are never removed');
end;

-- `insert or replace` removes the old row without asking the trigger above.
create trigger audit_never_replaced before insert on audit when exists (select 1 from audit where id = new.id)
begin
  select raise(abort, 'entries of the audit log are never replaced');
end;

-- How many entries there are and the hash of the last one, sealed with the key, so that a cut-off tail is found.
create table audit_head (
  id integer primary key check (id = 1),
  count integer not null,
  hash blob not null check (length(hash) = 32),
  seal blob not null check (length(seal) = 32)
) strict;

create trigger audit_head_stays before delete on audit_head
begin
  select raise(abort, 'the head of the audit log is never removed');
end;
