use sitewatch::remote::Place;

#[test]
fn what_is_no_place_for_a_queue_is_refused_and_shows_no_secret() {
    for (text, shown, why) in [
        ("", "", "expected postgres://"),
        ("redis://me:hunter2@db", "redis://db", "expected postgres://"),
        ("postgres://me:hunter2@db/jobs?sslmode=require", "postgres://db/jobs", "not encrypted"),
        ("postgres:///jobs", "postgres:///jobs", "expected"),
        ("nats://", "nats://", "expected postgres://"),
        ("nats://me:hunter2@n1:4222/jobs", "nats://n1:4222/jobs", "nothing behind the port"),
        ("nats://me:hunter2@n1?unsynced=yes", "nats://n1", "only unsynced=accept"),
        ("nats://me:hunter2@n1?monitor=n1:8222", "nats://n1", "http://host:8222"),
        ("nats://me:hunter2@n1?replicas=3", "nats://n1", "the parameters are monitor and unsynced"),
        ("nats://me:hunter2@n1,n2/jobs", "nats://n1,n2/jobs", "nothing behind the port"),
        ("nats://me:hunter2@n1,tls://n2", "nats://n1,tls://n2", "expected postgres://"),
        ("nats://me:hunter2@n1,", "nats://n1,", "expected postgres://"),
        // Half of a password is no server.
        ("nats://me:4222,hunter2@n1", "nats://n1", "is written as %2C"),
        ("-", "-", "a file of that name is ./-"),
        ("localhost:4222", "localhost:4222", "expected postgres://"),
        ("me:hunter2:4222", "that was named", "expected postgres://"),
        ("n1,n2:4222", "that was named", "expected postgres://"),
        ("nats:/me:hunter2@n1", "that was named", "expected postgres://"),
        ("NATS:n1", "that was named", "expected postgres://"),
        ("postgres:/db/jobs", "that was named", "expected postgres://"),
        ("me:hunter2@db/x", "that was named", "expected postgres://"),
        ("//me:hunter2@db/x", "that was named", "expected postgres://"),
        ("host=db password=hunter2", "that was named", "expected postgres://"),
        ("user=me PASSWORD = hunter2 host=db", "that was named", "expected postgres://"),
    ] {
        let refused = Place::of(text).unwrap_err();
        assert_eq!(refused.shown(), shown, "{text}");
        assert!(refused.why().contains(why), "{text}: {refused}");
        assert!(!refused.to_string().contains("hunter2"), "{refused}");
    }
}

#[test]
fn a_nats_server_has_its_port_and_what_it_has_to_be_sure_of() {
    let Place::Nats(place) = Place::of("nats://me:hunter2@n1?monitor=http://n1:8222&monitor=http://n2:8222").unwrap()
    else {
        panic!()
    };
    assert_eq!((&*place.server, place.accept_unsynced), ("nats://me:hunter2@n1:4222", false));
    assert_eq!(place.monitors, ["http://n1:8222", "http://n2:8222"]);
    assert_eq!(place.to_string(), "nats://n1:4222");
    assert!(!format!("{place:?}").contains("hunter2"));

    let Place::Nats(place) = Place::of("NATS://n1:4333?unsynced=accept").unwrap() else { panic!() };
    assert_eq!((&*place.server, place.accept_unsynced), ("nats://n1:4333", true));
}

#[test]
fn a_database_and_a_file_are_places_too() {
    assert_eq!(Place::of("postgresql://me:hunter2@db/jobs").unwrap().to_string(), "postgres://me@db/jobs");
    for file in ["jobs.db", "queues/jobs", "/srv/site@prod/jobs.db", "./jobs:4222", "../a@b", "a:b", ":memory:"] {
        assert_eq!(Place::of(file).unwrap(), Place::Sqlite(file.into()));
    }
}

#[test]
fn the_servers_of_a_cluster_can_be_named_and_each_has_its_port() {
    let text = "nats://me:hunter2@n1:4333, n2,NATS://me:hunter3@n3?monitor=http://n1:8222";
    let Place::Nats(place) = Place::of(text).unwrap() else { panic!() };
    assert_eq!(place.server, "nats://me:hunter2@n1:4333,nats://n2:4222,nats://me:hunter3@n3:4222");
    assert_eq!(place.monitors, ["http://n1:8222"]);
    assert_eq!(place.to_string(), "nats://n1:4333,n2:4222,n3:4222");
    assert!(!format!("{place:?}").contains("hunter"));
}
