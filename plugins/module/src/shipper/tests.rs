//! The face's answers, natively. What needs an address is tested under WAMR, in `tests/wamr`.
