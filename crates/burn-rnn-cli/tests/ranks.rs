//! Tasks over ranks that are threads of one process: what they learn is what one rank learns from batches as large as
//! those of all together.
//!
//! All go on from a checkpoint, so that nothing depends on the random numbers that a device draws for a fresh model.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use burn_rnn_ranks::{Communicator, Threads};
use burn_rnn_train::learn::LearnArgs;
use burn_rnn_train::options::{Defaults, with_defaults};
use burn_rnn_train::{TrainError, memory, music, reber, tag, text, transduce};
use clap::{Args, Command};

#[path = "ranks/weights.rs"]
mod weights;
use weights::{distance, weights};

/// A task's command, as the program calls it.
struct Trainer<A> {
    defaults: Defaults,
    words: &'static [&'static str],
    learn: fn(&mut A) -> &mut LearnArgs,
    train: fn(&A) -> Result<(), TrainError>,
}

/// The examples of a batch over all ranks.
const BATCH: usize = 8;
/// Nothing that is drawn by a device.
const WORDS: &str =
    "--hidden 8 --layers 1 --dropout 0 --steps 6 --eval-every 6 --plain --workers 0";

impl<A: Args + 'static> Trainer<A> {
    /// Trains in a folder over ranks, from its checkpoint where it has one. Every so many steps there is one more.
    fn train(
        &self,
        folder: &Path,
        ranks: Arc<dyn Communicator>,
        every: usize,
    ) -> Result<(), TrainError> {
        let command = with_defaults(A::augment_args(Command::new("train")), self.defaults);
        let words = WORDS.split(' ').chain(self.words.iter().copied());
        let more = [
            format!("--batch-size={}", BATCH / ranks.size()),
            format!("--checkpoint-every={every}"),
            format!("--out={}", folder.display()),
        ];
        let words = ["train"].into_iter().chain(words).map(str::to_owned);
        let resume = folder.exists().then(|| "--resume".to_owned());
        let matches = command.get_matches_from(words.chain(more).chain(resume));
        let mut args = A::from_arg_matches(&matches).unwrap();
        (self.learn)(&mut args).over(ranks);
        (self.train)(&args)
    }

    fn alone(&self, folder: &Path) {
        self.train(folder, Arc::new(burn_rnn_ranks::Alone), 2)
            .unwrap();
    }

    /// Goes on after step `step` of another training, over ranks. Its last steps but one has a checkpoint.
    fn over(&self, ranks: usize, from: &Path, step: usize, folder: &Path) {
        fs::create_dir(folder).unwrap();
        let name = format!("checkpoint-{step:09}.brnn");
        fs::copy(from.join(&name), folder.join(&name)).unwrap();
        std::thread::scope(|scope| {
            let ranks = Threads::new(ranks).into_iter().map(|ranks| {
                let rank = ranks.rank();
                let ended = scope.spawn(move || self.train(folder, Arc::new(ranks), 5));
                (rank, ended)
            });
            for (rank, ended) in ranks.collect::<Vec<_>>() {
                match (rank, ended.join().unwrap()) {
                    (0, ended) => ended.unwrap(),
                    (_, ended) => assert!(matches!(ended, Err(TrainError::OtherRank)), "{ended:?}"),
                }
            }
        });
    }

    fn check(&self) {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        self.alone(&at("alone"));
        let expected = weights(&at("alone"));
        for ranks in [1, 2, 4] {
            let name = format!("ranks-{ranks}");
            self.over(ranks, &at("alone"), 4, &at(&name));
            let distance = distance(&weights(&at(&name)), &expected);
            assert!(distance <= 1e-6, "{ranks} ranks: {distance}");
            assert!(ranks > 1 || distance == 0.0, "{distance}");
        }
        // The same ranks find the same bits again, and another number goes on from where they were.
        self.over(2, &at("alone"), 4, &at("again"));
        assert_eq!(weights(&at("again")), weights(&at("ranks-2")));
        self.over(4, &at("ranks-2"), 5, &at("more"));
        self.over(1, &at("ranks-4"), 5, &at("fewer"));
        for name in ["more", "fewer"] {
            let distance = distance(&weights(&at(name)), &expected);
            assert!(distance <= 1e-6, "{name}: {distance}");
        }
    }
}

#[test]
fn texts_whose_state_goes_on_in_the_rows_of_each_rank() {
    fn train(args: &text::command::TrainArgs) -> Result<(), TrainError> {
        let built_in = "to be, or not to be: that is the question.\n".repeat(40);
        text::command::train(args, &built_in, "generate")
    }
    let trainer = Trainer {
        defaults: text::command::DEFAULTS,
        words: &["--seq-len=10", "--embedding=4"],
        learn: |args: &mut text::command::TrainArgs| &mut args.learn,
        train,
    };
    trainer.check();
}

macro_rules! check {
    ($($name:ident: $task:ident, $words:expr;)+) => {$(
        #[test]
        fn $name() {
            let trainer = Trainer {
                defaults: $task::command::DEFAULTS,
                words: &$words,
                learn: |args: &mut $task::command::TrainArgs| &mut args.learn,
                train: $task::command::train,
            };
            trainer.check();
        }
    )+};
}

check! {
    strings_of_unequal_lengths_and_batches_of_fewer_examples_than_ranks: reber, ["--strings=17"];
    sentences_of_unequal_lengths: tag, ["--embedding=4"];
    strings_into_strings: transduce, ["--embedding=4", "--examples=100"];
    sequences_that_are_generated: memory, ["--task=adding", "--length=10"];
    music_that_is_transposed: music, ["--output-dropout=0"];
}
