//! The terminal while burn-train's dashboard has it.
//!
//! The dashboard puts the terminal into raw mode, in which Ctrl-C is a key like any other, and one that
//! the dashboard ignores: whoever presses it would wait in vain. Here it becomes the signal again.

#[cfg(unix)]
mod unix {
    use std::io::Write;
    use std::sync::OnceLock;

    use rustix::stdio::stdin;
    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

    static BEFORE: OnceLock<Termios> = OnceLock::new();

    /// What ends a full-screen program: no mouse events, the ordinary screen, the cursor.
    const ORDINARY_SCREEN: &[u8] =
        b"\x1b[?1006l\x1b[?1015l\x1b[?1003l\x1b[?1002l\x1b[?1000l\x1b[?1049l\x1b[?25h";

    pub(in super::super) fn remember() {
        if let Ok(modes) = tcgetattr(stdin()) {
            let _ = BEFORE.set(modes);
        }
    }

    pub(in super::super) fn let_ctrl_c_through() {
        if BEFORE.get().is_none() {
            return;
        }
        // The dashboard has a thread of its own: when it changes the mode is not known.
        if let Ok(mut modes) = tcgetattr(stdin())
            && !modes.local_modes.contains(LocalModes::ISIG)
        {
            modes.local_modes.insert(LocalModes::ISIG);
            let _ = tcsetattr(stdin(), OptionalActions::Now, &modes);
        }
    }

    pub(in super::super) fn restore() {
        if let Some(before) = BEFORE.get() {
            let _ = tcsetattr(stdin(), OptionalActions::Now, before);
            let _ = std::io::stdout().write_all(ORDINARY_SCREEN);
            let _ = std::io::stdout().flush();
        }
    }
}

#[cfg(not(unix))]
mod other {
    pub(in super::super) fn remember() {}

    pub(in super::super) fn let_ctrl_c_through() {}

    pub(in super::super) fn restore() {}
}

#[cfg(not(unix))]
pub(super) use other::{let_ctrl_c_through, remember, restore};
#[cfg(unix)]
pub(super) use unix::{let_ctrl_c_through, remember, restore};
