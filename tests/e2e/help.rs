//! The help texts of the binary.

use crate::support::{Device, Field};

/// The command names under `Commands:`.
fn commands(device: &Device) -> Vec<String> {
    let help = device.run_plain(&["--help"]).expect(0).stdout;
    let listed = help.iter().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let first_words = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    first_words.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn explains_every_exit_code() {
    let field = Field::new("help", 30);
    let help = field.device("device").run_plain(&["--help"]).expect(0).stdout;
    let explained = |code: &&str| !help.iter().any(|line| line.trim_start().starts_with(&format!("{code} ")));
    let missing: Vec<_> = ["0", "1", "2", "3", "4", "5", "6", "7", "130"].into_iter().filter(explained).collect();
    assert!(missing.is_empty(), "no line for {missing:?} in:\n{}", help.join("\n"));
}

#[test]
fn explains_every_flag_of_every_command() {
    let field = Field::new("helps", 30);
    let device = field.device("device");
    let commands = commands(&device);
    for expected in ["login", "boundaries", "downsync", "status", "send", "receive", "records", "sandbox", "demo"] {
        assert!(commands.iter().any(|command| command == expected), "no `{expected}` in {commands:?}");
    }
    for command in commands.iter().filter(|command| *command != "help") {
        let help = device.run_plain(&[command, "--help"]).expect(0).stdout;
        assert!(help.len() > 3 && !help[0].trim().is_empty(), "{command}: {help:?}");
        // A flag without help is alone on its line and has no text below it.
        for (at, line) in help.iter().enumerate().filter(|(_, line)| line.trim_start().starts_with('-')) {
            let alone = line.trim_start().split("  ").count() == 1;
            let under = help.get(at + 1).is_some_and(|next| next.starts_with("          "));
            assert!(!alone || under, "{command}: `{}` is not explained", line.trim());
        }
    }
}

#[test]
fn rejects_wrong_commands_as_wrong_usage() {
    let field = Field::new("usage", 30);
    let device = field.device("device");
    for wrong in [&["fly"][..], &["send", "--fly"], &["downsync"], &["login"]] {
        let ended = device.run_plain(wrong).expect(2);
        assert!(!ended.stderr.trim().is_empty(), "{wrong:?} fails without a message");
    }
}
