//! Display names of boundaries.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::json;

use crate::client::Client;
use crate::session::Session;

#[derive(Deserialize)]
struct MessagesBody {
    messages: Option<Vec<LocalizedMessage>>,
}

#[derive(Deserialize)]
struct LocalizedMessage {
    code: Option<String>,
    message: Option<String>,
}

impl Client {
    /// Names by boundary code. One attempt only, and no names on failure, because codes are readable, too.
    pub(crate) async fn boundary_names(&self, session: &Session) -> HashMap<String, String> {
        let config = self.config();
        let Some(localization) = &config.localization else { return HashMap::new() };
        let usual = || format!("hcm-boundary-{}", config.hierarchy.to_lowercase());
        let module = localization.module.clone().unwrap_or_else(usual);
        let query = [("module", module.as_str()), ("locale", &localization.locale), ("tenantId", &config.tenant)];
        let path = &config.paths.messages;
        let body = match self.call(session, path, &query, json!({})).await {
            Ok((reply, _)) => self.read::<MessagesBody>(path, reply).await.ok(),
            Err(_) => None,
        };
        let messages = body.and_then(|body| body.messages).unwrap_or_default();
        tracing::debug!(messages = messages.len(), "boundary names");
        let named = |m: LocalizedMessage| Some((m.code?, m.message.filter(|text| !text.trim().is_empty())?));
        messages.into_iter().filter_map(named).collect()
    }
}

/// Makes a name from a code. A code contains the code of its parent and a number (`MO_13_02_CAVINA` below `MO_13`
/// becomes `CAVINA`).
pub(crate) fn from_code(code: &str, parent: Option<&str>) -> String {
    let own = parent.and_then(|parent| code.strip_prefix(parent)).filter(|rest| rest.starts_with(['_', '-', '.']));
    let own = own.unwrap_or(code);
    let words = own.split(['_', '-', '.']).skip_while(|word| word.chars().all(|c| c.is_ascii_digit()));
    let name = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if name.is_empty() { code.to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_names_from_codes() {
        for (code, parent, name) in [
            ("MO_13_02_CAVINA", Some("MO_13"), "CAVINA"),
            ("MO_13_02_VILA_NOVA", Some("MO_13_02"), "VILA NOVA"),
            ("MO_13", Some("MO"), "MO_13"),
            ("VILLAGE7", Some("WARD1"), "VILLAGE7"),
            ("MO", None, "MO"),
            ("MOX", Some("MO"), "MOX"),
        ] {
            assert_eq!(from_code(code, parent), name, "{code}");
        }
    }
}
