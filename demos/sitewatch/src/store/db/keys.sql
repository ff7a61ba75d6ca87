-- Version 3: addresses are looked up by keys of a fixed size, as an entry of an index has a limit, and some addresses
-- are beyond it. {keys} is what each engine does to give the findings theirs.

-- What is remembered of visits is for the next check alone, which asks again. To make tables anew takes no longer
-- however much is in them.
drop table visit;
drop table outline;

-- What was learned of each address in a run: its journal while it goes on, its memory afterwards.
create table visit (
    run {int} not null references run (id) on delete cascade,
    want text not null,               -- page or probe
    key {blob} not null,              -- the SHA-256 of the URL
    url text not null,
    answer text not null,             -- JSON
    validators text,                  -- JSON
    outline text,                     -- the key of what the page holds
    how text not null,                -- asked, unchanged or remembered
    seen {int} not null,              -- when the address was asked
    primary key (run, want, key)
){strict};

-- What pages hold, by the hash of their text.
create table outline (
    site {int} not null references site (id) on delete cascade,
    hash text not null,
    content {blob} not null,
    primary key (site, hash)
){strict};

create index visit_by_outline on visit (outline);

-- The key of a finding: the SHA-256 of that of its page and that of its URL.
drop index finding_open;
{keys};
create unique index finding_open on finding (site, key) where fixed_at is null;

-- Whether a site is in the settings, or was checked by hand: of others there is only what is known.
alter table site add column watched {int} not null default 1;
