//! A small model file of every task, never trained, and what such a model is used for.

use burn_rnn_data::MemoryProblem;
use serde_json::{Value, json};

use super::*;
use crate::text::Sampling;
use crate::{
    anomaly, classify, classify_series, forecast, memory, music, reber, speak, tag, text, transduce,
};

/// A small model of a task, and something that it is used for.
pub(super) struct Sample {
    pub(super) bytes: Vec<u8>,
    pub(super) uses: fn(ModelFile, &Device) -> Result<(), TrainError>,
}

fn written<S: Serialize + DeserializeOwned, M: Module>(
    task: &str,
    settings: Value,
    init: impl FnOnce(&S, &Device) -> Result<M, TrainError>,
) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let settings: S = serde_json::from_value(settings).unwrap();
    let model = init(&settings, &Device::default()).unwrap();
    let card = ModelCard {
        task: task.to_owned(),
        ..ModelCard::default()
    };
    save_model(&path, &card, &settings, &model).unwrap();
    std::fs::read(path).unwrap()
}

fn network(d_input: usize) -> Value {
    json!({"architecture": "gru", "d_input": d_input, "d_hidden": 4, "layers": 2, "bidirectional": false, "dropout": 0.1})
}

fn features() -> Value {
    let scaler = json!({"kind": "standard", "offset": 0.0, "scale": 1.0});
    json!({
        "log_mel": {"rate": 8000, "window": 200, "hop": 80, "bands": 3, "low": 60.0, "high": 4000.0},
        "scalers": [scaler, scaler, scaler],
    })
}

const SAMPLING: Sampling = Sampling {
    temperature: 0.5,
    seed: 1,
};

pub(super) fn text_sample() -> Sample {
    // As they were written before networks had more options.
    let settings = json!({
        "config": {"architecture": "lstm", "layers": 2, "d_hidden": 4, "d_embedding": 3, "dropout": 0.1},
        "vocabulary": "\nabc", "bytes": false, "batch_size": 4, "seq_len": 5,
    });
    Sample {
        bytes: written("text", settings, text::TextSettings::init),
        uses: |file, device| {
            let (settings, model) = file.load("text", device, text::TextSettings::init)?;
            let text = text::Generator::new(&model, &settings.vocabulary, "", SAMPLING)?;
            assert_eq!(text.take(3).count(), 3);
            Ok(())
        },
    }
}

pub(super) fn music_sample() -> Sample {
    let settings = json!({"network": network(88), "dropout": 0.1});
    Sample {
        bytes: written("music", settings, music::MusicSettings::init),
        uses: |file, device| {
            let (_, model) = file.load("music", device, music::MusicSettings::init)?;
            music::compose(&model, &[60], 2, SAMPLING).map(drop)
        },
    }
}

pub(super) fn reber_sample() -> Sample {
    let settings = json!({"network": network(7), "strings": 9});
    Sample {
        bytes: written("reber", settings, reber::ReberSettings::init),
        uses: |file, device| {
            let (_, model) = file.load("reber", device, reber::ReberSettings::init)?;
            reber::write_strings(&model, 1, SAMPLING).map(drop)
        },
    }
}

pub(super) fn memory_sample() -> Sample {
    let settings = json!({
        "problem": {"copy": {"delay": 5, "items": 2}},
        "network": network(10), "initialization": {"chrono": {"t_max": 9}},
    });
    Sample {
        bytes: written("memory", settings, memory::MemorySettings::init),
        uses: |file, device| {
            let (settings, model): (memory::MemorySettings, memory::MemoryModel) =
                file.load("memory", device, memory::MemorySettings::init)?;
            let problem: MemoryProblem = settings.problem;
            let example = problem.example(1);
            let shape = [1, problem.steps(), problem.features()];
            let inputs = burn::tensor::TensorData::new(example.inputs, shape);
            let inputs = burn::tensor::Tensor::from_data(inputs, device);
            model.forward(inputs, example.answers.len());
            Ok(())
        },
    }
}

pub(super) fn classify_sample() -> Sample {
    let settings = json!({
        "network": network(3), "pooling": "attention", "dropout": 0.1, "labels": ["a", "b"],
        "features": features(), "hold_out_takes": 2,
    });
    Sample {
        bytes: written("classify", settings, classify::ClassifierSettings::init),
        uses: |file, device| {
            let (settings, model): (
                classify::ClassifierSettings,
                crate::classes::SequenceClassifier,
            ) = file.load("classify", device, classify::ClassifierSettings::init)?;
            let listener = settings.features.listener()?;
            let frames = listener.samples(&[0.1; 500]);
            model.probabilities(&[&frames], listener.bands(), device);
            Ok(())
        },
    }
}

pub(super) fn series_sample() -> Sample {
    let channels = ["x", "y", "z"];
    let settings = json!({
        "network": network(3), "pooling": "mean", "dropout": 0.1, "labels": ["a", "b"],
        "features": {"channels": channels, "scalers": features()["scalers"]},
        "columns": {"id": "id", "label": "label", "group": null, "channels": channels}, "held_out": {"share": 0.2},
    });
    Sample {
        bytes: written(
            "classify-series",
            settings,
            classify_series::SeriesSettings::init,
        ),
        uses: |file, device| {
            let (settings, model): (
                classify_series::SeriesSettings,
                crate::classes::SequenceClassifier,
            ) = file.load(
                "classify-series",
                device,
                classify_series::SeriesSettings::init,
            )?;
            let path = Path::new("given");
            let text = "x,y,z\n1,2,3\n4,,6\n";
            let set = burn_rnn_data::SeriesSet::parse(path, text, &settings.columns, false)?;
            let frames = settings.features.frames(&set.series[0]);
            model.probabilities(&[&frames], set.width(), device);
            Ok(())
        },
    }
}

pub(super) fn speak_sample() -> Sample {
    let settings = json!({
        "network": network(5), "d_wish": 2, "dropout": 0.1, "noise": 0.5, "labels": ["a", "b"], "speakers": ["c"],
        "features": features(), "longest": 9, "hold_out_takes": 2,
    });
    Sample {
        bytes: written("speak", settings, speak::SpeakSettings::init),
        uses: |file, device| {
            let (settings, model) = file.load("speak", device, speak::SpeakSettings::init)?;
            let wish = speak::Wish {
                label: 0,
                speaker: 0,
            };
            let frames = speak::speak(&model, &settings, &[wish], 0.0, 1, device);
            settings.features.listener()?.decibels(frames[0].clone());
            Ok(())
        },
    }
}

pub(super) fn tag_sample() -> Sample {
    let settings = json!({
        "architecture": "peephole", "layers": 1, "d_hidden": 4, "direction": "both", "dropout": 0.1, "d_embedding": 4,
        "tokens": ["a", "b"], "suffixes": ["a"], "tags": ["B", "O"], "columns": {"token": null, "tag": null},
        "held_out": "last_tenth",
    });
    Sample {
        bytes: written("tag", settings, tag::TagSettings::init),
        uses: |file, device| {
            let tagger = tag::Tagger::load(file, device)?;
            assert_eq!(tagger.tag(&[vec!["a".to_owned()]]).len(), 1);
            Ok(())
        },
    }
}

pub(super) fn transduce_sample() -> Sample {
    let settings = json!({
        "source": {"generated": {"kind": "dates", "examples": 20}}, "inputs": "ab", "outputs": "cd", "d_embedding": 3,
        "architecture": "simple", "layers": 1, "d_hidden": 4, "direction": "both", "dropout": 0.1, "attention": "general",
        "forcing": {"decay": "inverse_sigmoid", "last": 1.0}, "beam": {"width": 2, "length_power": 1.0}, "limit": 5,
    });
    Sample {
        bytes: written("transduce", settings, transduce::TransduceSettings::init),
        uses: |file, device| {
            let (settings, model) = transduce::TransduceSettings::load(file, device)?;
            let transducer = transduce::Transducer {
                settings: &settings,
                model: &model,
                device,
            };
            transducer.answers(&["ab"], settings.beam).map(drop)
        },
    }
}

pub(super) fn forecast_sample() -> Sample {
    let scaler = json!({"kind": "standard", "offset": 0.0, "scale": 1.0});
    let settings = json!({
        "config": {
            "model": "encoder-decoder", "network": network(1), "decoder": "recurrent", "series": 4, "joint": false, "window": 8,
            "horizon": 2, "segment": 2, "lags": 4, "centring": "last", "time_features": 0, "output_dropout": 0.1,
            "teacher_forcing": 0.5, "loss": "mae",
        },
        "table": {"columns": ["mix 1", "mix 2", "mix 3", "mix 4"], "time_column": null, "missing": "refuse"},
        "split": "2900/50/50-rows", "scalers": [scaler, scaler, scaler, scaler], "features": "none", "season": 24,
        "bands": {"low": [0, 0, 0, 0, 0, 0, 0, 0], "high": [1, 1, 1, 1, 1, 1, 1, 1]},
    });
    Sample {
        bytes: written("forecast", settings, forecast::ForecastSettings::init),
        uses: |file, device| forecast::command::evaluate(file, None, device).map(drop),
    }
}

pub(super) fn anomaly_sample() -> Sample {
    let scaler = json!({"kind": "standard", "offset": 0.0, "scale": 1.0});
    let settings = json!({
        "config": {"method": "autoencoder", "network": network(3), "channels": 3, "window": 8, "horizon": 1},
        "table": {"columns": ["load", "flow", "heat"], "time_column": null, "missing": "refuse"},
        "split": "9800/100/100-rows", "scalers": [scaler, scaler, scaler], "season": 24,
        "rule": {"risk": 0.001, "smoothing": 3, "gap": 2},
        "calibration": {"spreads": [1.0, 2.0, 3.0], "threshold": 4.0},
    });
    Sample {
        bytes: written("anomaly", settings, anomaly::AnomalySettings::init),
        uses: |file, device| anomaly::command::evaluate(file, None, device).map(drop),
    }
}

pub(super) fn samples() -> Vec<Sample> {
    vec![
        text_sample(),
        music_sample(),
        reber_sample(),
        memory_sample(),
        classify_sample(),
        series_sample(),
        speak_sample(),
        tag_sample(),
        transduce_sample(),
        forecast_sample(),
        anomaly_sample(),
    ]
}
