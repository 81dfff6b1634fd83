//! Corrects the generated Swift sources: a cancelled task cancels its call, and the constructor uses the class's new
//! name.

use crate::Outcome;

/// Each text in the generated source, and its replacement.
const CHANGES: [(&str, &str); 6] = [
    (
        "    completeFunc: (UInt64, UnsafeMutablePointer<RustCallStatus>) -> F,\n    freeFunc: (UInt64) -> (),\n",
        "    completeFunc: (UInt64, UnsafeMutablePointer<RustCallStatus>) -> F,\n    cancelFunc: @escaping @Sendable (UInt64) -> (),\n    freeFunc: (UInt64) -> (),\n",
    ),
    (
        "    var pollResult: Int8;\n    repeat {\n",
        "    await withTaskCancellationHandler {\n    var pollResult: Int8;\n    repeat {\n",
    ),
    (
        "    } while pollResult != UNIFFI_RUST_FUTURE_POLL_READY\n",
        "    } while pollResult != UNIFFI_RUST_FUTURE_POLL_READY\n    } onCancel: {\n        cancelFunc(rustFuture)\n    }\n",
    ),
    ("            fatalError(\"Cancellation not supported yet\")\n", "            throw CancellationError()\n"),
    (
        "listener: EventListener)async throws  -> Fieldcast  {\n",
        "listener: EventListener)async throws  -> FieldcastEngine  {\n",
    ),
    (
        "            liftFunc: FfiConverterTypeFieldcast_lift,\n",
        "            liftFunc: FfiConverterTypeFieldcastEngine_lift,\n",
    ),
];

const COMPLETE: &str = "            completeFunc: ffi_fieldcast_ffi_rust_future_complete_";

/// Returns the generated source with cancellation: the call of a cancelled task ends with `CancellationError`, and its
/// work is dropped.
///
/// # Errors
/// If the generated code differs from the code that this module expects.
pub(crate) fn cancelling(source: &str) -> Outcome<String> {
    let mut changed = source.to_owned();
    for (old, new) in CHANGES {
        if changed.matches(old).count() != 1 {
            return Err(format!(
                "uniffi generated unexpected Swift; update core/xtask/src/bindings/swift.rs, which expects {old:?}"
            )
            .into());
        }
        changed = changed.replace(old, new);
    }
    let mut result = String::with_capacity(changed.len());
    for line in changed.split_inclusive('\n') {
        result.push_str(line);
        if let Some(kind) = line.strip_prefix(COMPLETE) {
            result.push_str("            cancelFunc: { ffi_fieldcast_ffi_rust_future_cancel_");
            result.push_str(&kind.replace(",\n", "($0) },\n"));
        }
    }
    let (calls, cancels) = (result.matches("pollFunc: ffi_").count(), result.matches("cancelFunc: { ffi_").count());
    if calls != cancels {
        return Err(format!("only {cancels} of {calls} asynchronous calls in Swift can be cancelled").into());
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A short example of generated code.
    fn made() -> String {
        let all: String = CHANGES.iter().map(|(old, _)| *old).collect();
        all + "            pollFunc: ffi_poll_u64,\n" + COMPLETE + "u64,\n"
    }

    #[test]
    fn makes_every_call_cancellable() {
        let result = cancelling(&made()).unwrap();
        assert!(result.contains("cancelFunc: { ffi_fieldcast_ffi_rust_future_cancel_u64($0) },"), "{result}");
        assert!(result.contains("onCancel") && result.contains("CancellationError"), "{result}");
    }

    #[test]
    fn rejects_unexpected_generated_code() {
        let error = cancelling(&made().replace("fatalError", "abort")).unwrap_err().to_string();
        assert!(error.contains("Cancellation not supported"), "{error}");
        let error = cancelling(&(made() + "pollFunc: ffi_another")).unwrap_err().to_string();
        assert!(error.contains("of 2"), "{error}");
    }
}
