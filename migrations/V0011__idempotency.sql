-- Keys of requests as a table of rows with an index: kept in the index itself, a few answers filled a page of it, so that
-- finding a key took a walk through many pages. Not renamed into place: a rename opens the connection's temporary
-- database, and an import sets where that is kept.
create table idempotency_before as select * from idempotency;

drop table idempotency;

create table idempotency (
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

insert into idempotency (scope, key, request, status, answer, location, subject_id, created_at)
  select scope, key, request, status, answer, location, subject_id, created_at from idempotency_before order by created_at;

drop table idempotency_before;

create index idempotency_created on idempotency (created_at);
