-- Version 1. Instants are nanoseconds since 1970. A line is the hash of a queue and a key, a sole that of a queue and a
-- unique key: as long as names may be, an index could not hold two of them.

create sequence durable_job_seq;
create table durable_job (
    seq bigint primary key,
    id bytea not null unique,
    queue text collate "C" not null,
    kind text collate "C" not null,
    key text collate "C",
    line bytea,
    place bigint not null,                       -- in its line: seq, until it was dead or cancelled and is tried again
    behind boolean not null,                     -- whether somebody of its line is before it
    unique_key text collate "C",
    sole bytea,
    priority smallint not null,
    state text collate "C" not null check (state in ('waiting', 'running', 'done', 'dead', 'cancelled')),
    due bigint not null,
    expires bigint,
    fence bigint not null default 0,
    answered bigint not null default 0,          -- the fence of the latest answer that was accepted
    owner text collate "C",
    serial bigint not null default 0,            -- of the take that it was taken with
    attempt bigint not null default 0,
    crashes bigint not null default 0,
    cancel boolean not null default false,       -- whether it is to be cancelled, while it runs
    told boolean not null,
    entered_at bigint not null,
    taken_at bigint,
    over_at bigint,
    error text,
    dead text,
    payload text not null,
    output text
);
alter sequence durable_job_seq owned by durable_job.seq;
create index durable_job_ready on durable_job (queue, priority, due, seq)
    where state = 'waiting' and not behind and crashes = 0;
create index durable_job_suspect on durable_job (queue, priority, due, seq)
    where state = 'waiting' and not behind and crashes > 0;
create index durable_job_late on durable_job (queue, (greatest(due, expires)))
    where state = 'waiting' and not behind and expires is not null;
create index durable_job_running on durable_job (owner, serial) where state = 'running';
create index durable_job_line on durable_job (line, place) where line is not null and state in ('waiting', 'running');
create index durable_job_over on durable_job (state, over_at) where state in ('done', 'dead', 'cancelled');
create index durable_job_listed on durable_job (queue, state, seq);

-- A job is written three times at least, so what it was is to be swept away soon, and its next version to be near.
alter table durable_job set (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.01,
    autovacuum_vacuum_insert_scale_factor = 0.02,
    autovacuum_vacuum_cost_delay = 0
);

-- What is locked by whoever enters a job into a line, or ends one of it. A row is there while jobs of the line are not over.
create table durable_line (
    line bytea primary key
);

-- Who holds a unique key: until it is over, and until its window is.
create table durable_sole (
    sole bytea primary key,
    job bytea,                                   -- none only within the transaction that makes the row
    seq bigint,                                  -- the job's, as its id may come again once it was forgotten
    until bigint not null
);

-- Unique keys that were still there when their job was over, and until when they are held. What is held no longer is
-- looked for only in here. By then another job may have the key, or this one may have been tried again.
create table durable_held_on (
    until bigint not null,
    sole bytea not null,
    seq bigint not null,                         -- the job's
    primary key (until, sole, seq)
);

create table durable_owner (
    owner text collate "C" primary key,
    instance text collate "C",
    poison bigint not null,
    beat bigint not null default 0
);
create unique index durable_owner_instance on durable_owner (instance) where instance is not null;

create table durable_queue (
    name text collate "C" primary key,
    paused boolean not null default false,
    most bigint,                                 -- how many may run
    spacing bigint,                              -- of its rate
    burst bigint,
    next bigint,                                 -- when the next would begin if they came evenly
    pruned bigint not null default 0
);

create table durable_rate (
    name text collate "C" primary key,
    next bigint not null
);

create table durable_leader (
    only_one boolean primary key check (only_one),
    term bigint not null,
    owner text collate "C"
);
insert into durable_leader values (true, 0, null);
