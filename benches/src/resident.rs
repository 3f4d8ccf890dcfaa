//! This process' memory, as Linux tells it.

const STATUS: &str = "/proc/self/status";
const CLEAR: &str = "/proc/self/clear_refs";

/// The resident bytes.
pub fn now() -> Result<f64, String> {
    field("VmRSS:")
}

/// The most resident bytes since the start or [`forget_peak`].
pub fn peak() -> Result<f64, String> {
    field("VmHWM:")
}

/// Lets the peak start again from what is resident now.
pub fn forget_peak() -> Result<(), String> {
    // 5 is "reset the peak resident set size", proc(5).
    std::fs::write(CLEAR, "5")
        .map_err(|error| format!("memory is measured on Linux alone ({CLEAR}: {error})"))
}

fn field(name: &str) -> Result<f64, String> {
    let status = std::fs::read_to_string(STATUS)
        .map_err(|error| format!("memory is measured on Linux alone ({STATUS}: {error})"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kibibytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kibibytes
        .map(|kibibytes| kibibytes * 1024.0)
        .ok_or_else(|| format!("{STATUS} has no {name}"))
}
