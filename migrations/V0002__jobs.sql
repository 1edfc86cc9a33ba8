-- Work to be done later, at least once. A job that is done is deleted; one that cannot be done stays as dead.
create table job (
  id integer primary key autoincrement,
  kind text not null,
  payload text not null,
  state text not null default 'waiting' check (state in ('waiting', 'running', 'dead')),
  run_at integer not null,
  attempts integer not null default 0 check (attempts >= 0),
  leased_until integer,
  last_error text,
  dedupe text unique,
  created_at integer not null,
  updated_at integer not null,
  check ((state = 'running') = (leased_until is not null))
) strict;

-- Each state by what is asked of it: which is due next, which lease has run out, which died last.
create index job_waiting on job (run_at) where state = 'waiting';
create index job_running on job (leased_until) where state = 'running';
create index job_dead on job (updated_at) where state = 'dead';

-- Chores that recur; which there are stands in the code.
create table schedule (
  name text primary key,
  next_at integer not null,
  last_run_at integer,
  last_error text
) strict, without rowid;
