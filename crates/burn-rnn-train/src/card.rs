//! Model cards: what a user should know of a model before using it, as Markdown.

use crate::transduce::TransduceSettings;
use crate::{ModelCard, ModelFile, printable};

/// What a model card says of a task's models beside what a model file knows itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskCard {
    /// The card's heading.
    pub title: &'static str,
    /// What a model of the task does, in sentences.
    pub what: &'static str,
    /// The option of the training that names data, `--text` for instance; empty where there is none.
    pub input: &'static str,
    /// The data that is learnt without this option.
    pub built_in: &'static str,
    /// Commands that use a model, which they call `MODEL`, and an input of its test part, `EXAMPLE`.
    pub usage: &'static [&'static str],
    /// What it cannot do, in sentences.
    pub limits: &'static str,
}

impl TaskCard {
    /// Whether a model's training named data of its user's.
    pub fn has_own_data(&self, card: &ModelCard) -> bool {
        let mut words = card.command.split_whitespace();
        !self.input.is_empty() && words.any(|word| word.split('=').next() == Some(self.input))
    }
}

/// The card of a model, Markdown; `place` is how its commands name the model.
pub fn model_card(task: &TaskCard, file: &ModelFile, place: &str) -> String {
    let card = &file.card;
    let parameters: usize = file.parameters().iter().map(|(_, _, count)| count).sum();
    let built_in = !task.has_own_data(card);
    let data = match built_in {
        true => format!("It learnt from {}.", task.built_in),
        false => format!(
            "It learnt from the data that `{}` names in the command below.",
            task.input
        ),
    };
    let licence = match built_in {
        true => "MIT OR Apache-2.0, as the project whose data it learnt from.",
        false => {
            "The program is MIT OR Apache-2.0; for the weights the licence of the data counts too."
        }
    };
    let scores: String = card
        .scores
        .iter()
        .map(|(name, score)| format!("| {} | {score:.4} |\n", printable(name)))
        .collect();
    let curve = match file.path().with_file_name("loss.png").exists() {
        true => "![The learning curve](loss.png)\n\n",
        false => "",
    };
    let mut usage = task.usage.join("\n").replace("MODEL", place);
    if let Some(example) = TransduceSettings::example_of(file) {
        usage = usage.replace("EXAMPLE", &for_a_shell(&printable(&example)));
    }
    format!(
        "# {title}\n\n{what}\n\n\
         | | |\n|---|---|\n\
         | task | {name} |\n\
         | network | {network} |\n\
         | parameters | {parameters} |\n\
         | size | {size:.2} MB |\n\
         {scores}\
         | SHA-256 of the weights | `{sum}` |\n\n\
         ## Data\n\n{data}\n\n\
         ## How it was trained\n\n```sh\n{command}\n```\n\n\
         Seed {seed}; these are the weights of step {steps}, the best on the part of the data that \
         chooses the model.\n\n{curve}\
         ## How to use it\n\n```sh\n{usage}\n```\n\n\
         ## Limits\n\n{limits}\n\n\
         ## Licence\n\n{licence}\n\n\
         This card was written by `burn-rnn inspect --card {place}`.\n",
        title = task.title,
        what = task.what,
        name = card.task,
        network = printable(&card.network),
        size = file.size() as f64 / 1e6,
        sum = file.checksum(),
        command = printable(&card.command),
        seed = card.seed,
        steps = card.steps,
        limits = task.limits,
    )
}

/// A text as a word of a shell's command line.
fn for_a_shell(text: &str) -> String {
    match text.contains(['"', '$', '`', '\\', '!']) {
        true => format!("'{}'", text.replace('\'', "'\\''")),
        false => format!("\"{text}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_can_be_pasted_into_a_shell() {
        for (text, word) in [
            ("3rd of March, 2021", "\"3rd of March, 2021\""),
            ("don't", "\"don't\""),
            ("cost: $5", "'cost: $5'"),
            ("it's `so`", "'it'\\''s `so`'"),
        ] {
            assert_eq!(for_a_shell(text), word);
        }
    }
}
