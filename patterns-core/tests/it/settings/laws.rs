//! Random texts, files, sizes and durations: none panics, and what was written is read back.
use std::time::Duration;

use patterns_core::settings::{Settings, size};
use proptest::prelude::*;

use super::{App, Folder, flag};

proptest! {
    #[test]
    fn a_size_is_read_back_as_it_was_written(bytes: u64, shift in 0u32..64) {
        let bytes = bytes >> shift << (shift / 2);
        prop_assert_eq!(size::parse(&size::format(bytes)), Some(bytes));
    }

    #[test]
    fn a_duration_is_read_back_as_it_was_written(millis in 0u64..10_000_000_000_000) {
        let mut app = App::default();
        app.http.timeout = Duration::from_millis(millis);
        let text = serde_json::to_value(&app).unwrap()["http"]["timeout"].as_str().unwrap().to_owned();
        prop_assert_eq!(flag("http.timeout", &text).load::<App>().unwrap(), app);
    }

    #[test]
    fn no_text_anywhere_panics(key in "[a-z.\\[\\]_-]{0,12}", value in "\\PC{0,12}", name in "[A-Z_]{0,12}") {
        let _ = flag(&key, &value).env("APP", [(format!("APP_{name}"), value)]).load::<App>();
    }

    #[test]
    fn no_file_panics_and_what_loads_loads_again(text in "\\PC{0,40}(\n\\PC{0,40}){0,4}", kind in 0..3usize) {
        let folder = Folder::new();
        let file = folder.write(["a.toml", "a.yaml", "a.json"][kind], text);
        let once = Settings::new().file(&file).load::<App>();
        prop_assert_eq!(Settings::new().file(&file).load::<App>(), once);
    }
}
