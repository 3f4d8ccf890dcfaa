//! `burn-rnn classify`: what whole sequences are, whatever the model's task.

use burn_rnn_train::TrainError;
use burn_rnn_train::classes::ClassifyArgs;
use burn_rnn_train::classify::command as sounds;
use burn_rnn_train::classify_series::command as series;

/// Tells what each input is, the likeliest label first, a line an input; with `--json` an object a line.
pub fn classify(args: &ClassifyArgs) -> Result<(), TrainError> {
    let (file, device) = args.saved.open()?;
    let json = args.saved.json;
    match file.card.task.as_str() {
        "classify" => sounds::classify(file, &args.inputs, json, &device),
        "classify-series" => series::classify(file, &args.inputs, json, &device),
        other => Err(file.refuse(format!(
            "a model for the task {other}, which tells no labels: expected one for classify or \
             classify-series"
        ))),
    }
}
