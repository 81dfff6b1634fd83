//! Compiles Kotlin.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::libraries::{Libraries, Section};
use super::stage::{Inputs, files, stage};
use super::tools;
use crate::Outcome;

const COMPILER: &str = "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler";
const OPTIONS: &[&str] = &["-Werror", "-jvm-target", "17", "-no-stdlib", "-no-reflect", "-Xjsr305=strict"];

/// Sources that are compiled together.
pub(crate) struct Module<'a> {
    pub(crate) name: &'a str,
    /// Files and folders. Those that do not exist are left out.
    pub(crate) sources: Vec<PathBuf>,
    /// Folders with resources' ids and other generated classes, and the key of their contents.
    pub(crate) generated: Option<(&'a Path, &'a str)>,
    /// The modules it uses, including their `internal` declarations.
    pub(crate) modules: Vec<&'a Compiled>,
    /// The sections of the libraries that it uses.
    pub(crate) sections: &'a [Section],
    pub(crate) uses_compose: bool,
}

/// A compiled module.
pub(crate) struct Compiled {
    pub(crate) classes: PathBuf,
    pub(crate) key: String,
}

impl Module<'_> {
    /// Compiles the module into a folder of `out`, if it has changed.
    ///
    /// # Errors
    /// If the compiler reports an error or a warning.
    pub(crate) fn compile(&self, out: &Path, libraries: &Libraries) -> Outcome<Compiled> {
        let classes = out.join(self.name);
        let arguments = self.arguments(&classes, libraries)?;
        let key = self.key(&arguments)?;
        stage(&format!("{} classes", self.name), &classes, &key, || {
            tools::empty(&classes)?;
            let file = tools::arguments_file(&classes.with_added_extension("arguments"), &arguments)?;
            let mut java = tools::java(&libraries.jars(&[Section::Compiler])?)?;
            tools::run(java.arg(COMPILER).arg(file))
        })?;
        Ok(Compiled { classes, key })
    }

    fn arguments(&self, classes: &Path, libraries: &Libraries) -> Outcome<Vec<OsString>> {
        let friends: Vec<_> = self.modules.iter().map(|module| module.classes.clone()).collect();
        let generated = self.generated.map(|(folder, _)| folder.to_owned());
        let mut class_path: Vec<_> = friends.iter().cloned().chain(generated).collect();
        class_path.extend(libraries.jars(self.sections)?);
        // Last: it contains old copies of some libraries.
        class_path.push(libraries.jar(Section::Framework, "android-all")?);
        let mut arguments: Vec<OsString> = OPTIONS.iter().map(OsString::from).collect();
        arguments.extend(["-module-name".into(), self.name.into(), "-d".into(), classes.into()]);
        arguments.extend(["-classpath".into(), tools::class_path(&class_path)?]);
        if !friends.is_empty() {
            let list: Vec<_> = friends.iter().map(|folder| folder.to_string_lossy()).collect();
            arguments.push(format!("-Xfriend-paths={}", list.join(",")).into());
        }
        if self.uses_compose {
            let plugin = libraries.jar(Section::Tools, "kotlin-compose-compiler-plugin-embeddable")?;
            arguments.push(format!("-Xplugin={}", plugin.display()).into());
        }
        for source in &self.sources {
            arguments.extend(files(source)?.into_iter().filter(|file| is_kotlin(file)).map(OsString::from));
        }
        Ok(arguments)
    }

    fn key(&self, arguments: &[OsString]) -> Outcome<String> {
        let mut inputs = Inputs::new().paths(&self.sources)?;
        for argument in arguments {
            inputs = inputs.text(&argument.to_string_lossy());
        }
        let generated = self.generated.map(|(_, key)| key);
        for key in self.modules.iter().map(|module| module.key.as_str()).chain(generated) {
            inputs = inputs.text(key);
        }
        Ok(inputs.key())
    }
}

fn is_kotlin(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "kt")
}
