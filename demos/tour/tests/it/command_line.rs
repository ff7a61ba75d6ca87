use tour::{Command, DEMOS, Options};

use crate::support::{run, text};

fn read(word: &str, args: &[&str]) -> Result<Command, String> {
    let demo = DEMOS.iter().find(|demo| demo.word == word).unwrap();
    Command::read(demo, args.iter().map(|arg| (*arg).to_owned()))
}

#[test]
fn the_help_of_each_demo_says_what_it_shows_and_how_it_is_run() {
    for demo in DEMOS {
        let output = run(demo.word, &["--help"]);
        assert!(output.status.success(), "{}", demo.word);
        let help = text(&output.stdout);
        assert!(help.starts_with(&format!("{}: {}\n", demo.word, demo.shows)), "{help}");
        assert!(help.contains(&format!("cargo run -p tour --bin {} --", demo.word)), "{help}");
        assert_eq!(help.contains("--broken"), demo.broken.is_some(), "{help}");
    }
}

#[test]
fn an_unknown_argument_is_refused_in_one_sentence_with_code_2() {
    for name in DEMOS.iter().map(|demo| demo.word).chain(["tour"]) {
        let output = run(name, &["--fast"]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        let said = text(&output.stderr);
        assert!(said.starts_with(&format!("{name}: there is no argument \"--fast\"; ")), "{said}");
        assert_eq!((said.lines().count(), text(&output.stdout)), (1, ""), "{name}");
    }
}

#[test]
fn a_figure_that_cannot_be_written_is_an_error_with_code_1() {
    let output = run("gather", &["--virtual", "--svg", "/no/such/folder/figure.svg"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("gather: cannot write /no/such/folder/figure.svg: "));
}

#[test]
fn all_options_can_be_given_together_and_in_any_order() {
    let all = Options { virtual_time: true, broken: true, svg: Some("a.svg".into()) };
    for args in [&["--virtual", "--broken", "--svg", "a.svg"][..], &["--svg=a.svg", "--broken", "--virtual"]] {
        assert_eq!(read("queue", args), Ok(Command::Play(all.clone())));
    }
    assert_eq!(read("queue", &[]), Ok(Command::Play(Options::default())));
    assert_eq!(read("queue", &["--virtual", "-h"]), Ok(Command::Help));
}

#[test]
fn an_option_without_its_value_and_a_value_without_its_option_are_refused() {
    for args in [&["--svg"][..], &["--svg="], &["--svg", "--virtual"]] {
        assert_eq!(read("queue", args).unwrap_err(), "--svg needs the name of a file after it");
    }
    assert!(read("queue", &["a.svg"]).unwrap_err().contains("no argument \"a.svg\""));
    assert!(read("queue", &["--virtual=yes"]).unwrap_err().contains("no argument \"--virtual=yes\""));
}

#[test]
fn a_demo_without_a_first_attempt_says_so() {
    let demo = tour::Demo::new("plain", "Shows nothing.", |_| Box::pin(async { Ok(()) }));
    let refused = Command::read(&demo, ["--broken".to_owned()]).unwrap_err();
    assert_eq!(refused, "plain has no first attempt that misbehaves");
    assert!(!Command::help(&demo).contains("--broken"));
}
