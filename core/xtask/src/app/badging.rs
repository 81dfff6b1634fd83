//! What `aapt2 dump badging` says about an APK: what a phone and an app store read.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use super::{MIN_SDK, TARGET_SDK, Variant, version_code};
use crate::Outcome;

const ACTIVITY: &str = "org.fieldcast.app.MainActivity";

/// The only permissions that the app may request. A new one needs a reason, because users and app stores ask for it.
const PERMISSIONS: &[&str] = &[
    "android.permission.ACCESS_COARSE_LOCATION",
    "android.permission.ACCESS_FINE_LOCATION",
    "android.permission.ACCESS_LOCAL_NETWORK",
    "android.permission.ACCESS_NETWORK_STATE",
    "android.permission.ACCESS_WIFI_STATE",
    "android.permission.CAMERA",
    "android.permission.CHANGE_WIFI_MULTICAST_STATE",
    "android.permission.CHANGE_WIFI_STATE",
    "android.permission.FOREGROUND_SERVICE",
    "android.permission.FOREGROUND_SERVICE_CONNECTED_DEVICE",
    "android.permission.INTERNET",
    "android.permission.NEARBY_WIFI_DEVICES",
    "android.permission.POST_NOTIFICATIONS",
    "android.permission.RECEIVE_BOOT_COMPLETED",
    "android.permission.WAKE_LOCK",
];
/// androidx.core's own permission, for messages within the app. The app's id precedes it.
const OWN_PERMISSION: &str = ".DYNAMIC_RECEIVER_NOT_EXPORTED_PERMISSION";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Badging {
    pub(crate) package: String,
    pub(crate) version_code: String,
    pub(crate) version_name: String,
    pub(crate) min_sdk: String,
    pub(crate) target_sdk: String,
    pub(crate) label: String,
    pub(crate) activity: String,
    /// Languages, without regions.
    pub(crate) languages: BTreeSet<String>,
    pub(crate) architectures: BTreeSet<String>,
    pub(crate) permissions: BTreeSet<String>,
    pub(crate) is_debuggable: bool,
}

/// Reads the badging of an APK.
///
/// # Errors
/// If aapt2 cannot read it.
pub(crate) fn read(apk: &Path) -> Outcome<Badging> {
    let output = Command::new("aapt2").args(["dump", "badging"]).arg(apk).output()?;
    if !output.status.success() {
        return Err(format!("aapt2 cannot read {}: {}", apk.display(), String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(parsed(&String::from_utf8(output.stdout)?))
}

/// Parses lines such as `package: name='a.b' versionCode='1'` and `locales: '--_--' 'en' 'pt-BR'`.
pub(crate) fn parsed(text: &str) -> Badging {
    let mut badging = Badging::default();
    for (kind, rest) in text.lines().map(|line| line.split_once(':').unwrap_or((line, ""))) {
        let value = || rest.trim().trim_matches('\'').to_owned();
        match kind {
            "package" => {
                badging.package = attribute(rest, "name");
                badging.version_code = attribute(rest, "versionCode");
                badging.version_name = attribute(rest, "versionName");
            }
            "sdkVersion" => badging.min_sdk = value(),
            "targetSdkVersion" => badging.target_sdk = value(),
            "application-label" => badging.label = value(),
            "application-debuggable" => badging.is_debuggable = true,
            "launchable-activity" => badging.activity = attribute(rest, "name"),
            "uses-permission" => _ = badging.permissions.insert(attribute(rest, "name")),
            "locales" => badging.languages = quoted(rest).map(language).map(str::to_owned).collect(),
            "native-code" => badging.architectures = quoted(rest).map(str::to_owned).collect(),
            _ => {}
        }
    }
    badging
}

/// The language of `pt`, `pt-BR` or `sr-Latn`, and of the texts without a language, which are English.
fn language(locale: &str) -> &str {
    locale.split('-').next().filter(|language| !language.is_empty()).unwrap_or("en")
}

/// The value of `name='value'`.
fn attribute(text: &str, name: &str) -> String {
    let found = text.split_once(&format!(" {name}='")).and_then(|(_, rest)| rest.split_once('\''));
    found.map(|(value, _)| value.to_owned()).unwrap_or_default()
}

/// The texts between quotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('\'').skip(1).step_by(2)
}

impl Badging {
    /// Returns what differs from an APK of the variant with these languages and this architecture.
    pub(super) fn problems(&self, variant: &Variant, languages: &BTreeSet<String>, architecture: &str) -> Vec<String> {
        let texts = [
            ("package", &self.package, variant.application_id()),
            ("versionCode", &self.version_code, version_code().to_string()),
            ("versionName", &self.version_name, env!("CARGO_PKG_VERSION").to_owned()),
            ("sdkVersion", &self.min_sdk, MIN_SDK.to_string()),
            ("targetSdkVersion", &self.target_sdk, TARGET_SDK.to_string()),
            ("label", &self.label, variant.label.to_owned()),
            ("launchable activity", &self.activity, ACTIVITY.to_owned()),
        ];
        let differs = texts.iter().filter(|(_, found, expected)| *found != expected);
        let mut problems: Vec<_> =
            differs.map(|(what, found, expected)| format!("{what}: {found} instead of {expected}")).collect();
        let sets = [
            ("languages", &self.languages, languages.clone()),
            ("architectures", &self.architectures, BTreeSet::from([architecture.to_owned()])),
            ("permissions", &self.permissions, permissions(variant)),
        ];
        for (what, found, expected) in sets {
            problems.extend(found.difference(&expected).map(|one| format!("{what}: {one} is not expected")));
            problems.extend(expected.difference(found).map(|one| format!("{what}: {one} is missing")));
        }
        problems.extend(self.is_debuggable.then(|| "a release is not debuggable".to_owned()));
        problems
    }
}

fn permissions(variant: &Variant) -> BTreeSet<String> {
    let own = variant.application_id() + OWN_PERMISSION;
    PERMISSIONS.iter().map(|name| (*name).to_owned()).chain([own]).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{RELEASE, TRAINING};
    use super::*;

    fn text() -> String {
        let permissions = permissions(&RELEASE);
        let permissions: String = permissions.iter().map(|name| format!("uses-permission: name='{name}'\n")).collect();
        format!(
            "package: name='org.fieldcast.app' versionCode='{}' versionName='{}' platformBuildVersionName='15'\n\
             sdkVersion:'26'\ntargetSdkVersion:'35'\n{permissions}application-label:'Fieldcast'\n\
             application-label-ar:'Other'\napplication: label='Fieldcast' icon='res/a.xml'\n\
             launchable-activity: name='org.fieldcast.app.MainActivity'  label='' icon=''\nmain\n\
             locales: '--_--' 'ar' 'pt' 'pt-BR'\ndensities: '160' '65534'\nnative-code: 'arm64-v8a'\n",
            version_code(),
            env!("CARGO_PKG_VERSION")
        )
    }

    fn languages() -> BTreeSet<String> {
        ["ar", "en", "pt"].map(str::to_owned).into()
    }

    fn problems(text: &str) -> Vec<String> {
        parsed(text).problems(&RELEASE, &languages(), "arm64-v8a")
    }

    #[test]
    fn reads_badging() {
        let badging = parsed(&text());
        assert_eq!((badging.package.as_str(), badging.label.as_str()), ("org.fieldcast.app", "Fieldcast"));
        assert_eq!(badging.languages, languages());
        assert_eq!(badging.permissions.len(), PERMISSIONS.len() + 1);
        assert_eq!(problems(&text()), Vec::<String>::new());
    }

    #[test]
    fn expects_another_id_and_label_for_trainings() {
        let training = text()
            .replacen("name='org.fieldcast.app'", "name='org.fieldcast.app.training'", 1)
            .replacen("org.fieldcast.app.DYNAMIC", "org.fieldcast.app.training.DYNAMIC", 1)
            .replacen("application-label:'Fieldcast'", "application-label:'Fieldcast training'", 1);
        let problems = |text: &str| parsed(text).problems(&TRAINING, &languages(), "arm64-v8a");
        assert_eq!(problems(&training), Vec::<String>::new());
        assert_eq!(problems(&text()).len(), 4, "id, label, and the permission under both ids");
    }

    #[test]
    fn reports_each_difference() {
        for (from, to) in [
            ("name='org.fieldcast.app'", "name='org.other'"),
            ("versionCode='", "versionCode='9"),
            ("versionName='", "versionName='9"),
            ("sdkVersion:'26'", "sdkVersion:'21'"),
            ("targetSdkVersion:'35'", "targetSdkVersion:'34'"),
            ("application-label:'Fieldcast'", "application-label:'App'"),
            ("MainActivity", "Main"),
            ("'arm64-v8a'", "'arm64-v8a' 'x86'"),
            ("native-code: 'arm64-v8a'\n", ""),
            (" 'ar'", ""),
            (" 'ar'", " 'ar' 'de'"),
            ("uses-permission: name='android.permission.CAMERA'\n", ""),
            ("application-label:", "uses-permission: name='android.permission.READ_CONTACTS'\napplication-label:"),
            ("densities:", "application-debuggable\ndensities:"),
        ] {
            let changed = text().replacen(from, to, 1);
            assert_eq!(problems(&changed).len(), 1, "{from} -> {to}: {:?}", problems(&changed));
        }
    }
}
