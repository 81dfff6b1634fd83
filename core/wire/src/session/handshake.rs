//! The first messages of a connection: the proof of an invite, both hellos, and both nonces for the code.

use fieldcast_model::DeviceName;

use crate::{Breach, Credentials, EndReason, HandshakeSecret, Hello, Message, Role, Sas, Token};

/// The input for the handshake on a new connection.
#[derive(Clone, Debug)]
pub struct HandshakeParameters {
    /// The device name that users see.
    pub name: DeviceName,
    /// The secret for the code.
    pub secret: HandshakeSecret,
    /// Statements of campaigns about this device and about others.
    pub credentials: Credentials,
    /// The number of this process; see [`EndReason::session`].
    pub session: u32,
    /// Distributor: the token of its valid invites. Receiver: the token of the invite that it has read.
    pub invite: Option<Token>,
}

/// The handshake of one side.
#[derive(Clone, Debug)]
pub struct Handshake {
    role: Role,
    parameters: HandshakeParameters,
    hello: Hello,
    /// The peer's hello, after it was accepted.
    peer: Option<Hello>,
    /// The code on both screens, after both sides have revealed their nonces.
    code: Option<Sas>,
    /// Whether the receiver's proof of an invite was valid; `None` if it sent none.
    invited: Option<bool>,
}

/// What a message means for the handshake.
pub(super) enum Step {
    /// The proof of an invite was noted.
    Invited,
    /// The peer's hello was accepted.
    Greeted,
    /// The code is known.
    Done(Credentials),
    /// The message does not belong to the handshake.
    Other(Message),
}

impl Handshake {
    /// The handshake of this side in this role.
    pub fn new(role: Role, parameters: HandshakeParameters) -> Self {
        let hello = Hello::new(role, parameters.name.clone(), &parameters.secret);
        Self { role, parameters, hello, peer: None, code: None, invited: None }
    }

    /// The first messages of this side. The nonce is revealed only after the peer has committed to its own.
    pub(super) fn first_messages(&self) -> impl Iterator<Item = Message> + use<> {
        let token = self.parameters.invite.filter(|_| self.role == Role::Receiver);
        let proof = token.map(|token| Message::Invited(token.proof(&self.parameters.secret.exporter)));
        let reveal = self.peer.is_some().then(|| self.reveal());
        [proof, Some(Message::Hello(self.hello.clone())), reveal].into_iter().flatten()
    }

    pub(super) fn reveal(&self) -> Message {
        let HandshakeParameters { secret, credentials, .. } = &self.parameters;
        Message::Reveal { nonce: secret.nonce, credentials: credentials.clone() }
    }

    /// Replaces the credentials that are sent with the nonce.
    pub fn with_credentials(mut self, credentials: Credentials) -> Self {
        self.parameters.credentials = credentials;
        self
    }

    /// The peer's hello.
    pub fn peer(&self) -> Option<&Hello> {
        self.peer.as_ref()
    }

    pub(super) fn code(&self) -> Option<Sas> {
        self.code
    }

    /// Whether this receiver has read an invite of the distributor, so that neither side compares a code.
    pub fn is_invited(&self) -> bool {
        match self.role {
            Role::Distributor => self.invited == Some(true),
            Role::Receiver => self.parameters.invite.is_some(),
        }
    }

    pub(super) fn has_invalid_proof(&self) -> bool {
        self.invited == Some(false)
    }

    /// The answer to a device that asks which process this is.
    pub(super) fn identify_process(&self) -> Message {
        Message::Stop(EndReason::Looked { session: self.parameters.session })
    }

    /// Handles a message. `Err` is the reason to end the connection.
    pub(super) fn on_message(&mut self, message: Message) -> Result<Step, EndReason> {
        match message {
            Message::Invited(proof)
                if self.role == Role::Distributor && self.peer.is_none() && self.invited.is_none() =>
            {
                let is_valid = |token: Token| token.proof(&self.parameters.secret.exporter) == proof;
                self.invited = Some(self.parameters.invite.is_some_and(is_valid));
                Ok(Step::Invited)
            }
            Message::Hello(peer) if self.peer.is_none() => {
                self.hello.agree(&peer)?;
                self.peer = Some(peer);
                Ok(Step::Greeted)
            }
            Message::Reveal { nonce, credentials } if self.code.is_none() => {
                let peer = self.peer.as_ref().ok_or(EndReason::Protocol(Breach::OutOfTurn))?;
                let code = self.parameters.secret.compare(self.role, &peer.commitment, &nonce);
                self.code = Some(code.ok_or(EndReason::Protocol(Breach::NotCommitted))?);
                Ok(Step::Done(credentials))
            }
            other => Ok(Step::Other(other)),
        }
    }
}
