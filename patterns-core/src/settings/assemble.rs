//! From what was named to layers.

use config::Value;

use super::builder::Settings;
use super::file::Contents;
use super::layer::{Buried, Layer};
use super::layers::{Layers, key_of_variable};
use super::load::HIDDEN;
use super::path::KeyPath;
use super::problem::{Problem, ProblemKind, Source};
use super::render::render;

/// The number of a layer, and what is wrong in it.
type Unread = Vec<(usize, KeyPath, Problem)>;

impl Settings {
    /// All layers, lowest first, and what could not be read: those layers are empty, so that the
    /// others are still checked. `defaults` gains those of the entries that inherit.
    pub(super) fn layers(&self, defaults: &mut Value) -> (Layers, Unread) {
        let mut layers = vec![Layer::of_defaults(defaults.clone())];
        let mut unread = Vec::new();
        for file in &self.files {
            let contents = file.read().unwrap_or_else(|problem| {
                unread.push((layers.len(), KeyPath::default(), problem));
                Contents::default()
            });
            layers.push(Layer::of_file(&file.path, contents));
        }
        // Now, as a variable means a key that it can be compared to.
        self.know_entries(&layers, defaults);
        let mut environment = Layer::of_texts();
        for (rest, name, value) in &self.vars {
            let (key, source) = (key_of_variable(rest, defaults), Source::Variable(name.clone()));
            self.inherits.iter().for_each(|inherit| inherit.know(&key, defaults));
            match value.to_str() {
                Some(text) => environment.set(key, text.to_owned(), source, defaults),
                None => {
                    let problem = not_unicode(&key, source);
                    unread.push((layers.len(), key, problem));
                }
            }
        }
        let mut flags = Layer::of_texts();
        for (key, text, source) in &self.flags {
            self.inherits.iter().for_each(|inherit| inherit.know(key, defaults));
            flags.set(key.clone(), text.clone(), Source::Flag(source.clone()), defaults);
        }
        layers.extend([environment, flags]);
        self.know_entries(&layers, defaults);
        let (layers, buried) = Layers::new(layers, self.inherits.clone(), defaults);
        unread.extend(buried.into_iter().map(|(layer, Buried { key, value, source })| {
            let secret = self.secrets.iter().any(|secret| key.is_within(secret) || key.is_around(secret));
            let value = if secret { HIDDEN.to_owned() } else { render(&value) };
            let reason = "keys below it are set too, so it must be a table".to_owned();
            let problem = Problem::new(source, key.to_string(), ProblemKind::Invalid { value, reason });
            (layer, key, problem)
        }));
        (layers, unread)
    }

    fn know_entries(&self, layers: &[Layer], defaults: &mut Value) {
        for layer in layers {
            self.inherits.iter().for_each(|inherit| inherit.know_all(&layer.root, defaults));
        }
    }
}

fn not_unicode(key: &KeyPath, source: Source) -> Problem {
    let (value, reason) = ("(binary)".to_owned(), "not valid Unicode".to_owned());
    Problem::new(source, key.to_string(), ProblemKind::Invalid { value, reason })
}
