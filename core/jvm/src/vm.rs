//! The Java VM, and threads attached to it.

use std::ffi::{CString, c_char, c_void};
use std::ptr::null_mut;
use std::sync::OnceLock;

use jni_sys::{JNI_OK, JNI_VERSION_1_6, JavaVM, JavaVMAttachArgs, jint};

/// The only VM of this process.
struct Vm(*mut JavaVM);

// SAFETY: by the JNI specification a `JavaVM` pointer is valid on every thread while the VM exists, and a VM does not
// unload. A daemon thread that enters a VM which has ended stops permanently.
unsafe impl Send for Vm {}
// SAFETY: as above. The function table behind the pointer is never written.
unsafe impl Sync for Vm {}

static VM: OnceLock<Vm> = OnceLock::new();

/// The VM calls this function when it loads the library. Nothing else may call it.
///
/// # Safety
/// `vm` must be the pointer that the VM passes: a pointer to the VM, or null.
#[unsafe(no_mangle)]
unsafe extern "system" fn JNI_OnLoad(vm: *mut JavaVM, _reserved: *mut c_void) -> jint {
    if !vm.is_null() {
        VM.get_or_init(|| Vm(vm));
    }
    #[cfg(target_os = "android")]
    crate::log::install(crate::logcat::write);
    JNI_VERSION_1_6
}

/// Attaches this thread to the VM under the thread's name, if there is a VM, until [`detach`]. On failure, JNA attaches
/// per callback.
pub fn attach() {
    let Some(Vm(vm)) = VM.get() else { return };
    let name = std::thread::current().name().and_then(|name| CString::new(name).ok());
    let name = name.as_ref().map_or(null_mut(), |name| name.as_ptr().cast_mut());
    let mut args = JavaVMAttachArgs { version: JNI_VERSION_1_6, name: name.cast::<c_char>(), group: null_mut() };
    let mut env = null_mut();
    // SAFETY: the VM supplied this pointer; its table has this function since JNI 1.4. `args` and the name it points to
    // stay valid until the call returns, and the VM copies the name. The call does not change a thread that is attached
    // already.
    let done = unsafe { ((***vm).v1_4.AttachCurrentThreadAsDaemon)(*vm, &mut env, (&raw mut args).cast()) };
    if done != JNI_OK {
        tracing::warn!(code = done, "could not attach a thread to the Java VM; its callbacks will be slower");
    }
}

/// Detaches this thread from the VM. Call it only when no Java frame is left on this thread's stack.
pub fn detach() {
    let Some(Vm(vm)) = VM.get() else { return };
    // SAFETY: as in `attach`. If the thread is not attached or has Java frames, the call fails and changes nothing.
    let _is_detached = unsafe { ((***vm).v1_4.DetachCurrentThread)(*vm) };
}

/// Attaches this thread, runs `work` (the whole life of the thread), and detaches the thread.
pub fn attached<T>(work: impl FnOnce() -> T) -> T {
    /// Detaches on drop, also after a panic: Android ends the process if a thread ends while it is attached.
    struct Detach;
    impl Drop for Detach {
        fn drop(&mut self) {
            detach();
        }
    }
    attach();
    let _end = Detach;
    work()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn does_nothing_without_vm() {
        // SAFETY: null is a valid argument.
        assert_eq!(unsafe { JNI_OnLoad(null_mut(), null_mut()) }, JNI_VERSION_1_6);
        assert!(VM.get().is_none());
        attach();
        detach();
        assert_eq!(attached(|| 7), 7);
    }
}
