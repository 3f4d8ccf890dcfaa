//! The command line of the tagger.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use burn_rnn_data::{
    ConllColumns, TagBaseline, TagVocabulary, TaggedSentence, TaggedSentences, TokenVocabulary,
    generate_tagged, read_conll, read_text, suffix, tokenize,
};
use clap::Args;

use super::corpus::{Corpus, CorpusFiles};
use super::{HeldOut, TagSettings, TagTask, Tagger, plot, score_tags};
use crate::learn::{LearnArgs, NetworkArgs, learn, owned};
use crate::standard_input::lines;
use crate::{Direction, ModelFile, NetworkConfig, SavedArgs, TaskCard, TrainError, printable, say};

/// The options of a training.
#[derive(Clone, Debug, Args)]
pub struct TrainArgs {
    /// Tagged sentences, a token a line with its columns, an empty line after each sentence; generated ones
    /// if not given
    #[arg(long, value_name = "FILE")]
    pub conll: Option<PathBuf>,
    /// The sentences that choose the best model [default: the tenth of --conll before the last]
    #[arg(long, value_name = "FILE", requires = "conll")]
    pub valid: Option<PathBuf>,
    /// The sentences that the figures come from [default: the last tenth of --conll]
    #[arg(long, value_name = "FILE", requires = "conll")]
    pub test: Option<PathBuf>,
    /// The column of the token, counted from 1 [default: the first]
    #[arg(long, value_name = "N", requires = "conll")]
    pub token_column: Option<usize>,
    /// The column of the tag, counted from 1 [default: the last]
    #[arg(long, value_name = "N", requires = "conll")]
    pub tag_column: Option<usize>,
    /// Tokens that come less often are unknown ones, told by their last letters and capitals alone
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub min_count: usize,
    /// The size of a token's embedding
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub embedding: usize,
    /// The direction in which every layer reads
    #[arg(
        long,
        value_enum,
        default_value = "both",
        conflicts_with = "bidirectional"
    )]
    pub direction: Direction,
    /// The options of the network; it is bidirectional where `direction` says so.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// The options of the loop.
    #[command(flatten)]
    pub learn: LearnArgs,
}

/// The defaults that differ from those of other tasks.
pub const DEFAULTS: &[(&str, &str)] = &[
    ("hidden", "32"),
    ("dropout", "0.2"),
    ("lr", "0.005"),
    ("epochs", "10"),
];

/// What a model card says of the task.
pub const CARD: TaskCard = TaskCard {
    title: "A tagger of sentences",
    what: "It gives each token of a sentence a tag, from what stands before and after it.",
    input: "--conll",
    built_in: "sentences that the program generates, in which the tag of a name depends on words \
               before and after it",
    usage: &["burn-rnn tag --model MODEL \"SENTENCE\""],
    limits: "It knows the words and tags of its sentences; other words are told by their last \
             letters and capitals alone. A line is a sentence.",
};

impl TrainArgs {
    fn columns(&self) -> ConllColumns {
        ConllColumns {
            token: self.token_column,
            tag: self.tag_column,
        }
    }
}

/// Trains a model.
///
/// # Errors
///
/// Where a file or a setting does not fit; nothing is overwritten then.
pub fn train(args: &TrainArgs) -> Result<(), TrainError> {
    TrainError::check_counts(&[
        ("--min-count", args.min_count),
        ("--batch-size", args.learn.batch_size),
    ])?;
    let network = NetworkConfig {
        bidirectional: false, // --direction says it.
        ..args.network.config(0)?
    };
    let files = CorpusFiles {
        train: args.conll.as_deref(),
        valid: args.valid.as_deref(),
        test: args.test.as_deref(),
    };
    let corpus = Corpus::read(files, args.columns(), args.learn.seed)?;
    let tokens = || corpus.train.tokens().map(|(token, _)| token);
    let settings = TagSettings {
        network,
        direction: args.direction,
        d_embedding: args.embedding,
        tokens: TokenVocabulary::new(tokens(), args.min_count),
        suffixes: TokenVocabulary::new(tokens().map(suffix), args.min_count),
        tags: TagVocabulary::new(&corpus.train),
        columns: args.columns(),
        held_out: match args.test {
            Some(_) => HeldOut::File,
            None => HeldOut::LastTenth,
        },
    };
    // A tag that was never learnt is told before anything is trained.
    settings
        .tags
        .encode(TagVocabulary::new(&corpus.test).tags())?;
    let description = format!(
        "{} sentences, {} tags; {}, {}",
        corpus.train.len(),
        settings.tags.tags().len(),
        settings.network.description(),
        match args.direction {
            Direction::Both => "both directions",
            Direction::Forward => "forward",
            Direction::Backward => "backward",
        }
    );
    let task = TagTask::new(
        settings,
        corpus.train.clone(),
        corpus.valid.clone(),
        args.learn.batch_size,
    )?;
    let with_data = args
        .learn
        .with_parts(&corpus.train, &corpus.valid, &corpus.test);
    let outcome = learn(&task, &with_data, description)?;
    let tagger = Tagger::new(
        outcome.settings.clone(),
        outcome.model.clone(),
        outcome.device.clone(),
    );
    let mut figures = figures(&tagger, &corpus.test);
    let baseline = TagBaseline::fit(&corpus.train);
    let given = corpus.test.iter().map(|s| baseline.tags(&s.tokens));
    let baseline = score_tags(given, &corpus.test);
    figures.push(("test accuracy, most frequent tag", baseline.accuracy));
    if let Some(f1) = baseline.f1 {
        figures.push(("test span F1, most frequent tag", f1));
    }
    // The first of a length that makes a picture.
    let shown = corpus
        .test
        .iter()
        .find(|s| (12..20).contains(&s.tokens.len()));
    let title = "Probability of each tag; framed: the true one";
    let shown = shown.unwrap_or_else(|| corpus.test.sentence(0));
    plot::sentence(&outcome.folder, title, &tagger, &shown)?;
    outcome.report(&figures)
}

fn figures(tagger: &Tagger, sentences: &TaggedSentences) -> Vec<(&'static str, f64)> {
    /// The sentences that are unpacked at once.
    const SOME: usize = 4096;
    let starts = (0..sentences.len()).step_by(SOME);
    let given = starts.flat_map(|start| {
        let some = sentences.part(start..sentences.len().min(start + SOME));
        let tokens: Vec<_> = some.iter().map(|sentence| sentence.tokens).collect();
        tagger.tag(&tokens)
    });
    let score = score_tags(given, sentences);
    let mut figures = vec![("test accuracy", score.accuracy)];
    if let Some(f1) = score.f1 {
        figures.push(("test span F1", f1));
    }
    figures
}

/// The figures of a saved model: on the part of `input` that its training held out (all of it, where the
/// training had a test file of its own), or on generated sentences that it has not learnt.
///
/// # Errors
///
/// Where the model or the file does not fit.
pub fn evaluate(
    file: ModelFile,
    input: Option<&Path>,
    device: &Device,
) -> Result<Vec<(String, f64)>, TrainError> {
    let seed = file.card.seed;
    let tagger = Tagger::load(file, device)?;
    let sentences = match input {
        Some(path) => read_conll(path, tagger.settings.columns)?,
        None => generate_tagged(Corpus::GENERATED, seed),
    };
    let from = match tagger.settings.held_out {
        HeldOut::LastTenth => sentences.len() - sentences.len() / 10,
        HeldOut::File => 0,
    };
    if from == sentences.len() {
        return Err(TrainError::setting(
            "the number of sentences",
            sentences.len(),
            "at least 10: the last tenth is measured, which this training held out of its file",
        ));
    }
    let held_out = sentences.part(from..sentences.len());
    Ok(owned(figures(&tagger, &held_out)))
}

/// The options of `tag`.
#[derive(Clone, Debug, Args)]
pub struct TagArgs {
    /// The model.
    #[command(flatten)]
    pub saved: SavedArgs,
    /// A sentence: what spaces part is a token, and so is the punctuation before and after a word, but for words that
    /// the model knows with it (Mr.) or that have a full stop within (U.S.); the lines of standard input if not given
    #[arg(conflicts_with = "file")]
    pub sentence: Option<String>,
    /// Sentences, one a line
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// The widest column of tokens; those that are longer move their tags to the right.
const WIDEST: usize = 40;

/// Prints the tokens of sentences with their tags: in columns, an empty line after each sentence, or with `--json` as an
/// array with an object a sentence, `tokens` and `tags`.
///
/// # Errors
///
/// Where the model or the file does not fit, or there is no token.
pub fn tag(args: &TagArgs) -> Result<(), TrainError> {
    // Before somebody types sentences for nothing.
    let (file, device) = args.saved.open()?;
    let tagger = Tagger::load(file, &device)?;
    let text = match (&args.file, &args.sentence) {
        (Some(path), _) => read_text(path)?,
        (None, Some(sentence)) => sentence.clone(),
        (None, None) => lines()?.join("\n"),
    };
    let tokens = &tagger.settings.tokens;
    let known = |word: &str| tokens.number(word) != TokenVocabulary::UNKNOWN;
    let sentences = text.lines().map(|line| tokenize(line, known));
    let sentences: Vec<Vec<String>> = sentences.filter(|tokens| !tokens.is_empty()).collect();
    if sentences.is_empty() {
        return Err(TrainError::setting("the sentence", "empty", "words"));
    }
    if let Some(long) = sentences
        .iter()
        .find(|tokens| tokens.len() > TaggedSentence::LONGEST)
    {
        return Err(TrainError::setting(
            "the sentence",
            format!("{} tokens long", long.len()),
            format!("at most {}: a line is a sentence", TaggedSentence::LONGEST),
        ));
    }
    let tags = tagger.tag(&sentences);
    if args.saved.json {
        let list: Vec<_> = sentences
            .iter()
            .zip(&tags)
            .map(|(tokens, tags)| serde_json::json!({ "tokens": tokens, "tags": tags }))
            .collect();
        return say(serde_json::Value::from(list));
    }
    let tokens = sentences.iter().flatten();
    let widest = tokens.map(|token| printable(token).chars().count()).max();
    let width = widest.unwrap_or(0).min(WIDEST);
    for (index, (tokens, tags)) in sentences.iter().zip(&tags).enumerate() {
        if index > 0 {
            say("")?;
        }
        for (token, tag) in tokens.iter().zip(tags) {
            let (token, tag) = (printable(token), printable(tag));
            say(format_args!("{token:width$}  {tag}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::alone;
    use crate::options::typed;

    fn run(folder: &Path, more: &[&str]) -> Result<(), TrainError> {
        let _alone = alone();
        let out = folder.join("out");
        let words = [&["--plain", "--out", out.to_str().unwrap()], more].concat();
        train(&typed(&words, DEFAULTS))
    }

    fn f1(folder: &Path, input: Option<&Path>) -> f64 {
        let file = ModelFile::open(&folder.join("out")).unwrap();
        let figures = evaluate(file, input, &Device::default()).unwrap();
        assert_eq!(figures[1].0, "test span F1");
        figures[1].1
    }

    #[test]
    fn who_reads_in_both_directions_finds_the_names_that_others_have_to_guess() {
        for (direction, least, most) in [("both", 0.95, 1.0), ("forward", 0.3, 0.8)] {
            let folder = tempfile::tempdir().unwrap();
            let more = ["--direction", direction, "--epochs", "6"];
            run(folder.path(), &more).unwrap();
            let f1 = f1(folder.path(), None);
            assert!((least..=most).contains(&f1), "{direction}: {f1}");
        }
    }

    #[test]
    fn a_file_is_learnt_and_a_tag_that_only_its_end_has_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.conll");
        let mut text = "the x DET\ncat x NOUN\n\n".repeat(30);
        std::fs::write(&path, &text).unwrap();
        let conll = ["--conll", path.to_str().unwrap()];
        run(folder.path(), &[&conll[..], &["--epochs", "20"]].concat()).unwrap();
        let file = ModelFile::open(&folder.path().join("out")).unwrap();
        let figures = evaluate(file, Some(&path), &Device::default()).unwrap();
        assert_eq!(figures, [("test accuracy".to_owned(), 1.0)]);

        let few = folder.path().join("few.conll");
        std::fs::write(&few, "the x DET\n\n".repeat(9)).unwrap();
        let file = ModelFile::open(&folder.path().join("out")).unwrap();
        let error = evaluate(file, Some(&few), &Device::default()).unwrap_err();
        assert!(
            error.to_string().contains("is 9, expected at least 10"),
            "{error}"
        );

        text.push_str("oh x INTJ\n");
        std::fs::write(&path, &text).unwrap();
        let other = tempfile::tempdir().unwrap();
        let error = run(other.path(), &conll).unwrap_err().to_string();
        assert!(error.contains("`INTJ`"), "{error}");
        assert!(!other.path().join("out").exists());
    }
}
