-- What happened, told to others: the outbox of events, who is told of them, and how each is on its way.

-- An event is added in the transaction that makes it true. Its id gives the order. Old ones are swept.
create table event (
  id integer primary key autoincrement,
  kind text not null,
  subject_kind text not null,
  subject_id text not null,
  payload text not null,
  created_at integer not null
) strict;

create index event_created on event (created_at, id);

-- kinds is a JSON list; an empty one means all. The secret signs, so it must be kept as it is; the one before it signs too until it ends.
create table webhook (
  id integer primary key autoincrement,
  name text not null,
  url text not null,
  kinds text not null default '[]',
  secret text not null,
  previous_secret text,
  previous_until integer,
  active integer not null default 1 check (active in (0, 1)),
  failing_since integer,
  failing_reason text,
  version integer not null default 1,
  created_at integer not null,
  updated_at integer not null,
  check ((previous_secret is null) = (previous_until is null)),
  check ((failing_since is null) = (failing_reason is null))
) strict;

-- One event on its way to one endpoint: once for each pair, however often it is sent. kind is the event's, for the list.
create table webhook_delivery (
  id integer primary key autoincrement,
  webhook_id integer not null references webhook (id) on delete cascade,
  event_id integer not null references event (id),
  kind text not null,
  state text not null default 'waiting' check (state in ('waiting', 'delivered', 'failed')),
  attempts integer not null default 0 check (attempts >= 0),
  replays integer not null default 0 check (replays >= 0),
  last_status integer,
  last_error text,
  response text,
  next_at integer,
  created_at integer not null,
  updated_at integer not null,
  unique (event_id, webhook_id),
  check ((state = 'waiting') = (next_at is not null))
) strict;

create index webhook_delivery_due on webhook_delivery (webhook_id, next_at) where state = 'waiting';
create index webhook_delivery_list on webhook_delivery (webhook_id, id);
create index webhook_delivery_state on webhook_delivery (webhook_id, state, id);
create index webhook_delivery_kind on webhook_delivery (webhook_id, kind, id);
create index webhook_delivery_old on webhook_delivery (updated_at);
