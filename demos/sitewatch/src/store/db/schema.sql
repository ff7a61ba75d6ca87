-- What sitewatch keeps, for both engines: {id}, {int}, {blob} and {strict} are what each calls them. Instants are
-- milliseconds since 1970, UTC.

create table site (
    id {id},
    name text not null unique,
    target text not null,
    paused {int} not null default 0
){strict};

-- Every check from the instant at which it was due, also those that did not begin.
create table run (
    id {id},
    site {int} not null references site (id) on delete cascade,
    token text not null unique,       -- what began it, so that it is begun once
    cause text not null,
    due {int},
    began {int} not null,
    ended {int},
    state text not null,
    why text,
    times {int} not null default 1,   -- how many checks it stands for, where none of them began
    resumed {int} not null default 0,
    broken {int} not null default 0,
    numbers text not null,            -- JSON
    timeline text not null            -- JSON
){strict};

create index run_by_site on run (site, id);
create index run_open on run (site) where state = 'running';

-- What was learned of each address in a run: its journal while it goes on, its memory afterwards.
create table visit (
    run {int} not null references run (id) on delete cascade,
    url text not null,
    want text not null,               -- page or probe
    answer text not null,             -- JSON
    validators text,                  -- JSON
    outline text,                     -- the key of what the page holds
    how text not null,                -- asked, unchanged or remembered
    seen {int} not null,              -- when the address was asked
    primary key (run, url, want)
){strict};

-- What pages hold, by the hash of their text.
create table outline (
    site {int} not null references site (id) on delete cascade,
    hash text not null,
    content {blob} not null,
    primary key (site, hash)
){strict};

create index visit_by_outline on visit (outline);

-- Links that are or were broken: one for each page and URL.
create table finding (
    id {id},
    site {int} not null references site (id) on delete cascade,
    page text not null,
    line {int} not null,
    col {int} not null,
    text text not null,
    link text not null,
    url text not null,
    reason text not null,
    message text not null,
    redirects text not null,          -- a JSON list
    first_seen {int} not null,
    last_seen {int} not null,
    times {int} not null,
    fixed_at {int}
){strict};

create unique index finding_open on finding (site, page, url) where fixed_at is null;
create index finding_by_site on finding (site, fixed_at);

-- Notices that wait to be delivered, and those that were.
create table notice (
    id {id},
    channel text not null,
    since {int} not null,
    attempts {int} not null default 0,
    next {int} not null,
    ended {int},                      -- when it was delivered or given up
    why text,                         -- of the last failure
    content text not null             -- JSON
){strict};

create index notice_due on notice (channel, next) where ended is null;
