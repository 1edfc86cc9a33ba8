//! What happens when whoever reads the output leaves early, as `head` does: the command is given up in order and ends
//! without a word.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook, take_hook};
use std::process::ExitCode;

/// What programs end with that the system ends for it (128 + SIGPIPE).
const NOBODY_READS: u8 = 141;

/// Runs a command as long as its output is read.
pub(super) fn while_read(command: impl FnOnce() -> ExitCode) -> ExitCode {
    let usual = take_hook();
    // The macros that print have no other way to say so than a panic.
    set_hook(Box::new(move |panic| {
        if !said_in(panic.payload()) {
            usual(panic);
        }
    }));
    match catch_unwind(AssertUnwindSafe(command)) {
        Ok(code) => code,
        Err(panic) if said_in(&*panic) => ended(),
        Err(panic) => resume_unwind(panic),
    }
}

/// The code of a command whose output nobody reads any more.
pub(super) fn ended() -> ExitCode {
    ExitCode::from(NOBODY_READS)
}

/// Whether an error tells that nobody reads the output any more.
pub(super) fn says_so(message: &str) -> bool {
    message.contains("Broken pipe (os error")
}

fn said_in(panic: &(dyn Any + Send)) -> bool {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.is_some_and(says_so)
}
