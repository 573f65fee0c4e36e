//! What a call comes to.

/// The result of a call, as the number that it returns. Numbers never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// Done; the result is where `ox_result_ptr` says.
    Ok = 0,
    /// Done in part: the result is the answer so far, and [`Session::more`](crate::Session::more) gives the rest.
    Part = 1,
    /// The range is not inside one live block of `ox_alloc`.
    BadRange = -1,
    /// The batch is not framed as the ABI says.
    BadBatch = -2,
    /// No rules are loaded.
    NothingLoaded = -3,
    /// The request is not JSON of the expected shape.
    BadRequest = -4,
    /// The rules have errors; the report is the result, and what was loaded before stays in force.
    RuleErrors = -5,
    /// More bytes, or more results, than the ABI can carry.
    TooLarge = -6,
    /// A call came while another was running.
    Internal = -7,
    /// The state was written by another version, or is not whole.
    BadState = -8,
}

impl Status {
    /// The number that stands for it.
    #[must_use]
    pub const fn code(self) -> i32 {
        self as i32
    }
}
