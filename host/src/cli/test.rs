//! stub
use super::exit::Answer;
#[derive(clap::Args)]
pub(crate) struct Opts {}
impl Opts { pub(crate) fn run(self) -> anyhow::Result<Answer> { anyhow::bail!("not yet") } }
