use fieldcast_model::Fingerprint;
use proptest::prelude::*;

use crate::{Group, Invite, InviteError, MAX_INVITE, Token};

const NOW: i64 = 1_760_000_000_000;

fn invite() -> Invite {
    let group = Group::new("DIRECT-fc Asha", "a&b=c %+ü".replace('ü', "#").as_str()).unwrap();
    let key = Fingerprint(std::array::from_fn(|i| i as u8 * 7));
    Invite::new(Some(group), "192.168.49.1:47000".parse().unwrap(), key, NOW + 1_800_999).unwrap()
}

fn parse(uri: &str) -> Result<Invite, InviteError> {
    Invite::parse(uri, NOW)
}

#[test]
fn reads_documented_invite() {
    let uri = invite().to_uri();
    let expected = "fieldcast:1?s=DIRECT-fc%20Asha&p=a%26b%3Dc%20%25%2B%23&a=192.168.49.1:47000\
                    &k=AAcOFRwjKjE4P0ZNVFtiaXB3foWMk5qhqK-2vcTL0tk&x=1760001800";
    assert_eq!(uri, expected);
    assert_eq!(parse(&uri), Ok(invite()));
    let with_token = invite().with_token(Token([0xa5; 16]));
    let uri_with_token = format!("{expected}&t=paWlpaWlpaWlpaWlpaWlpQ");
    assert_eq!(with_token.to_uri(), uri_with_token);
    assert_eq!(parse(&uri_with_token), Ok(with_token));
    assert_eq!(parse(&uri_with_token[..uri_with_token.len() - 1]), Err(InviteError::Malformed("t")));
    assert_eq!(parse(&format!("FIELDCAST{}&later=%zz&later", &uri[9..])), Ok(invite()), "unknown keys are ignored");
}

#[test]
fn reports_error_in_invite() {
    let uri = invite().to_uri();
    let with = |from: &str, to: &str| parse(&uri.replace(from, to)).unwrap_err();
    use InviteError::*;
    assert_eq!(with("fieldcast:", "https:"), NotAnInvite);
    assert_eq!(with(":1?", ":2?"), UnknownVersion);
    assert_eq!(with(":1?", ":?"), NotAnInvite);
    assert_eq!(with("&a=", "&b="), Missing("a"));
    assert_eq!(with("&k=", "&b="), Missing("k"));
    assert_eq!(with("&x=", "&b="), Missing("x"));
    assert_eq!(with("&x=", "&x=1&x="), Duplicate("x"));
    assert_eq!(with("&p=", "&b="), HalfAGroup);
    assert_eq!(with("?s=", "?b="), HalfAGroup);
    assert_eq!(with("%20Asha", "%2"), Malformed("s"));
    assert_eq!(with("%20Asha", "%ff"), Malformed("s"));
    assert_eq!(with("%20Asha", "%0a"), GroupName);
    assert_eq!(with("%20Asha", &"a".repeat(24)), GroupName);
    assert_eq!(with("c%20%25%2B%23", "c"), Passphrase);
    assert_eq!(with("&p=", &format!("&p={}", "x".repeat(63))), Passphrase);
    assert_eq!(with("c%20%25%2B%23", "%C3%A9%C3%A9"), Passphrase);
    assert_eq!(with("1:47000", "1"), Malformed("a"));
    assert_eq!(with(":47000", ":0"), Address);
    assert_eq!(with("192.168.49.1", "0.0.0.0"), Address);
    assert_eq!(with("&k=AA", "&k=A"), Malformed("k"));
    assert_eq!(with("0tk", "0tl"), Malformed("k"), "each key has one text form");
    assert_eq!(with("x=1", "x=%2B1"), Malformed("x"));
    assert_eq!(with("x=1", "x=-1"), Malformed("x"));
    assert_eq!(with("x=1", "x=0"), Expired);
    assert_eq!(Invite::parse(&uri, invite().expires()), Err(Expired));
    assert_eq!(parse(&"x".repeat(MAX_INVITE + 1)), Err(TooLong));
}

#[test]
fn binds_token_proof_to_one_connection() {
    let (token, other) = (Token([1; 16]), Token([2; 16]));
    assert_eq!(token.proof(&[7; 32]), token.proof(&[7; 32]));
    assert_ne!(token.proof(&[7; 32]), token.proof(&[8; 32]));
    assert_ne!(token.proof(&[7; 32]), other.proof(&[7; 32]));
}

#[test]
fn hides_passphrase_and_token_in_debug() {
    let group = Group::new("team", "very secret").unwrap();
    let invite = Invite::new(Some(group), "[fd00::1]:1".parse().unwrap(), Fingerprint([0; 32]), NOW).unwrap();
    let shown = format!("{:?}", invite.with_token(Token([0xa5; 16])));
    assert!(!shown.contains("very") && !shown.contains("165"), "{shown}");
}

proptest! {
    #[test]
    fn reads_back_any_invite(
        group in prop::option::of(("\\PC{1,8}", "[ -~]{8,63}")),
        ip: std::net::IpAddr, port in 1u16.., key: [u8; 32], expires in NOW + 1000..NOW * 2,
        token: Option<[u8; 16]>,
    ) {
        let group = group.map(|(name, passphrase)| Group::new(&name, &passphrase).unwrap());
        prop_assume!(!ip.is_unspecified() && !ip.is_multicast());
        let invite = Invite::new(group, (ip, port).into(), Fingerprint(key), expires).unwrap();
        let invite = token.map(Token).into_iter().fold(invite, Invite::with_token);
        prop_assert!(invite.to_uri().len() <= MAX_INVITE);
        prop_assert_eq!(parse(&invite.to_uri()), Ok(invite));
    }

    #[test]
    fn reads_or_rejects_any_text(text: String, query in "([spakxt]=[a-zA-Z0-9%:.]{0,50}&?){0,6}") {
        let _ = parse(&text);
        let _ = parse(&format!("fieldcast:1?{query}"));
    }
}
