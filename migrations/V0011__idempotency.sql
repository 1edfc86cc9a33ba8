-- Keys of requests as a table of rows with an index: kept in the index itself, a few answers filled a page of it, so that
-- finding a key took a walk through many pages.
create table idempotency_row (
  id integer primary key,
  scope text not null,
  key text not null,
  request blob not null,
  status integer,
  answer blob,
  location text,
  subject_id integer,
  created_at integer not null,
  unique (scope, key),
  check ((status is null) = (answer is null))
) strict;

insert into idempotency_row (scope, key, request, status, answer, location, subject_id, created_at)
  select scope, key, request, status, answer, location, subject_id, created_at from idempotency order by created_at;

drop table idempotency;

alter table idempotency_row rename to idempotency;

create index idempotency_created on idempotency (created_at);
