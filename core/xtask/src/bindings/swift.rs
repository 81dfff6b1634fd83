//! What the Swift sources lack as they are generated: a cancelled task cancels its call, and the constructor knows that its
//! class was renamed.

use crate::Outcome;

/// Each place, and what it becomes.
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

/// The generated source, in which a cancelled task's call ends with `CancellationError`, and its work is dropped.
///
/// # Errors
/// When the generator makes other code than this knows.
pub(crate) fn cancelling(source: &str) -> Outcome<String> {
    let mut changed = source.to_owned();
    for (place, instead) in CHANGES {
        if changed.matches(place).count() != 1 {
            return Err(format!("uniffi's Swift is not as core/xtask/src/bindings/swift.rs knows it: {place:?}").into());
        }
        changed = changed.replace(place, instead);
    }
    let mut told = String::with_capacity(changed.len());
    for line in changed.split_inclusive('\n') {
        told.push_str(line);
        if let Some(kind) = line.strip_prefix(COMPLETE) {
            told.push_str("            cancelFunc: { ffi_fieldcast_ffi_rust_future_cancel_");
            told.push_str(&kind.replace(",\n", "($0) },\n"));
        }
    }
    let (calls, cancels) = (told.matches("pollFunc: ffi_").count(), told.matches("cancelFunc: { ffi_").count());
    if calls != cancels {
        return Err(format!("of {calls} asynchronous calls in Swift {cancels} could be cancelled").into());
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the generator makes, in short.
    fn made() -> String {
        let places: String = CHANGES.iter().map(|(place, _)| *place).collect();
        places + "            pollFunc: ffi_poll_u64,\n" + COMPLETE + "u64,\n"
    }

    #[test]
    fn each_call_can_be_cancelled() {
        let told = cancelling(&made()).unwrap();
        assert!(told.contains("cancelFunc: { ffi_fieldcast_ffi_rust_future_cancel_u64($0) },"), "{told}");
        assert!(told.contains("onCancel") && told.contains("CancellationError"), "{told}");
    }

    #[test]
    fn what_is_not_known_is_not_left_uncancelled() {
        let error = cancelling(&made().replace("fatalError", "abort")).unwrap_err().to_string();
        assert!(error.contains("Cancellation not supported"), "{error}");
        let error = cancelling(&(made() + "pollFunc: ffi_another")).unwrap_err().to_string();
        assert!(error.contains("of 2"), "{error}");
    }
}
