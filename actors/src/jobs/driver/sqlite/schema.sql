-- Version 1. Instants are nanoseconds since 1970.

-- What was given out last: places in the order of jobs, and how often something happened for which somebody may wait.
create table durable_last (
    only integer primary key check (only = 1),
    seq integer not null,
    stir integer not null
) strict;
insert into durable_last values (1, 0, 0);

create table durable_job (
    seq integer primary key,
    id blob not null unique,
    queue text not null,
    kind text not null,
    line text,                                  -- the key
    place integer not null,                     -- in its line: seq, until it was dead or cancelled and is tried again
    behind integer not null,                    -- whether somebody of its line is before it
    sole text,                                  -- the unique key
    priority integer not null,
    state text not null,                        -- waiting, running, done, dead, cancelled
    due integer not null,
    expires integer,
    fence integer not null default 0,
    answered integer not null default 0,        -- the fence of the latest answer that was accepted
    owner text,
    serial integer not null default 0,          -- of the take that it was taken with
    attempt integer not null default 0,
    crashes integer not null default 0,
    cancel integer not null default 0,          -- whether it is to be cancelled, while it runs
    told integer not null,
    entered_at integer not null,
    taken_at integer,
    over_at integer,
    error text,
    dead text,
    payload text not null,
    output text
) strict;
create index durable_job_ready on durable_job (queue, priority, due)
    where state = 'waiting' and behind = 0 and crashes = 0;
create index durable_job_suspect on durable_job (queue, priority, due)
    where state = 'waiting' and behind = 0 and crashes > 0;
create index durable_job_late on durable_job (queue, max(due, expires))
    where state = 'waiting' and behind = 0 and expires is not null;
create index durable_job_running on durable_job (owner, serial) where state = 'running';
create index durable_job_line on durable_job (queue, line, place)
    where line is not null and state in ('waiting', 'running');
create index durable_job_over on durable_job (state, over_at) where over_at is not null;
create index durable_job_listed on durable_job (queue);
-- Those that wait may be few among many that are over. It grows at one end and shrinks at the other, which costs little.
create index durable_job_waiting on durable_job (seq, queue) where state = 'waiting';

-- Who holds a unique key: until it is over, and until its window is.
create table durable_sole (
    queue text not null,
    sole text not null,
    job blob not null,
    until integer not null,
    over integer not null default 0,
    primary key (queue, sole)
) strict, without rowid;
create index durable_sole_over on durable_sole (until) where over = 1;

create table durable_owner (
    owner text primary key,
    instance text,
    poison integer not null,
    beat integer not null default 0
) strict, without rowid;

create table durable_queue (
    name text primary key,
    paused integer not null default 0,
    most integer,                               -- how many may run
    spacing integer,                            -- of its rate
    burst integer,
    next integer,                               -- when the next would begin if they came evenly
    waiting integer not null default 0,
    running integer not null default 0,
    done integer not null default 0,
    dead integer not null default 0,
    cancelled integer not null default 0,
    pruned integer not null default 0
) strict, without rowid;

create table durable_rate (
    name text primary key,
    next integer not null
) strict, without rowid;

create table durable_leader (
    only integer primary key check (only = 1),
    term integer not null,
    owner text
) strict;
