-- Every run, with its numbers. A run whose `saved` is 0 was not written to its end: readers leave it out.
create table run (
    id integer primary key,
    target text not null,
    started_ms integer not null, -- milliseconds since 1970, UTC
    elapsed_ms integer not null,
    stopped text,                -- why it ended early; null if it came to its end
    pages integer not null,
    links integer not null,
    ok integer not null,
    redirected integer not null,
    broken integer not null,
    skipped integer not null,
    ignored_fragments integer not null,
    saved integer not null default 0
) strict;

-- The links that the run's report lists: what is not ok, or all of them with --all.
create table link (
    run integer not null references run (id) on delete cascade,
    page text not null,
    line integer not null,
    col integer not null,
    text text not null,
    link text not null,
    url text not null,
    status text not null,
    reason text not null,
    detail text,
    redirects text               -- a JSON list; null where there are none
) strict;

create index link_by_run on link (run, status);

-- The pages that nothing links to.
create table orphan (
    run integer not null references run (id) on delete cascade,
    page text not null
) strict;
