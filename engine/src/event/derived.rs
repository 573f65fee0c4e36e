//! The keys that an event answers to without having them: helper keys of CloudTrail records, and aliases.
//!
//! Both are tables ([`tables`](super::tables)), in the order of the language's reference. A native value that is not null,
//! and what a mapping gives, have already won when they are asked.

use super::tables::Source::{AssumedRole, Path, SessionName};
use super::tables::{ALIASES, HELPERS, row};
use super::{Event, Found, path};
use crate::json::Json;
use crate::language::expr::Step;

impl Event {
    /// What a key reaches besides its native value: a helper key's value, else what an alias reaches.
    pub(super) fn derived(&self, key: &[Step]) -> Found<'_> {
        let [Step::Name(name)] = key else { return Found::default() };
        let helper = self.helper(name);
        if helper.cut || helper.has_value() {
            return helper;
        }
        let alias = self.alias(name);
        if alias.exists() { alias } else { helper }
    }

    /// The paths of the event from which a key can take its value, beside its own.
    pub(super) fn sources(&self, key: &[Step]) -> Vec<Vec<Step>> {
        let mut sources = self.mapped_sources(key);
        let [Step::Name(name)] = key else { return sources };
        let helpers = if self.shape.is_cloudtrail() { row(&HELPERS, name).unwrap_or_default() } else { &[] };
        sources.extend(helpers.iter().filter_map(|source| match source {
            Path(dotted) => Some(path::steps_of(dotted)),
            SessionName | AssumedRole => None,
        }));
        for target in row(&ALIASES, name).unwrap_or_default() {
            for reached in std::iter::once(target).chain(row(&ALIASES, target).unwrap_or_default()) {
                let steps = path::steps_of(reached);
                sources.extend(self.mapped_sources(&steps));
                sources.push(steps);
            }
        }
        sources
    }

    fn helper(&self, name: &str) -> Found<'_> {
        let sources = if self.shape.is_cloudtrail() { row(&HELPERS, name).unwrap_or_default() } else { &[] };
        let mut best = Found::default();
        for source in sources {
            let found = match source {
                Path(dotted) => self.native_dotted(dotted),
                SessionName => self.session_name().map_or_else(Found::default, Found::computed),
                AssumedRole => self.assumed_role().map_or_else(Found::default, Found::computed),
            };
            if found.cut || found.has_value() {
                return found;
            }
            if !best.exists() {
                best = found;
            }
        }
        best
    }

    fn alias(&self, name: &str) -> Found<'_> {
        let targets = row(&ALIASES, name).unwrap_or_default();
        let found: Vec<Found<'_>> = targets.iter().map(|target| self.alias_target(target)).collect();
        let with_value = found.iter().any(Found::has_value);
        let reached = found.into_iter().filter(|one| one.has_value() || !with_value);
        Found { ends: reached.flat_map(|one| one.ends).collect(), cut: false }
    }

    /// A target by its native value or what a mapping gives, else by the aliases that the target itself has.
    fn alias_target(&self, target: &str) -> Found<'_> {
        let key = path::steps_of(target);
        self.native_or_derived(&key, self.native(&key))
    }

    /// The session's name: in `AROAEXAMPLE:session`, or at the end of the session's ARN.
    fn session_name(&self) -> Option<Json> {
        if self.text_at("userIdentity.type") != Some("AssumedRole") {
            return None;
        }
        let principal = self.text_at("userIdentity.principalId");
        let behind_colon = principal.and_then(|id| id.split_once(':')).map(|(_, session)| session);
        let end_of_arn =
            || self.text_at("userIdentity.arn").and_then(|arn| arn.rsplit_once('/')).map(|(_, session)| session);
        behind_colon.filter(|session| !session.is_empty()).or_else(end_of_arn).map(Json::from)
    }

    /// The last part of `arn:aws:sts::123456789012:assumed-role/role/session`.
    fn assumed_role(&self) -> Option<Json> {
        let arn = self.text_at("userIdentity.arn")?;
        let resource = arn.strip_prefix("arn:")?.splitn(5, ':').nth(4)?;
        let (role, session) = resource.strip_prefix("assumed-role/")?.split_once('/')?;
        (!role.is_empty() && !session.is_empty()).then(|| resource.into())
    }

    /// The first value that a path reaches, if it is a text.
    fn text_at(&self, dotted: &str) -> Option<&str> {
        path::first(self.top(), dotted, &mut Some)?.as_text()
    }
}
