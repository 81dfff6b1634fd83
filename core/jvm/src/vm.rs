//! The VM, and threads that are attached to it.

use std::ffi::{CString, c_char, c_void};
use std::ptr::null_mut;
use std::sync::OnceLock;

use jni_sys::{JNI_OK, JNI_VERSION_1_6, JavaVM, JavaVMAttachArgs, jint};

/// The one VM of this process.
struct Vm(*mut JavaVM);

// SAFETY: by the JNI specification a `JavaVM` pointer is good on every thread for as long as the VM is there, and a VM does
// not unload: threads that are daemons stop for good when they enter one that ends.
unsafe impl Send for Vm {}
// SAFETY: as above; the table it points to is never written.
unsafe impl Sync for Vm {}

static VM: OnceLock<Vm> = OnceLock::new();

/// Called by the VM when it loads the library, and by nobody else.
///
/// # Safety
/// `vm` must be what the VM gives: a pointer to itself, or null.
#[unsafe(no_mangle)]
unsafe extern "system" fn JNI_OnLoad(vm: *mut JavaVM, _reserved: *mut c_void) -> jint {
    if !vm.is_null() {
        VM.get_or_init(|| Vm(vm));
    }
    #[cfg(target_os = "android")]
    crate::log::install(crate::logcat::write);
    JNI_VERSION_1_6
}

/// Attaches this thread to the VM under its own name, if there is a VM, until [`detach`]. What fails is left to JNA.
pub fn attach() {
    let Some(Vm(vm)) = VM.get() else { return };
    let name = std::thread::current().name().and_then(|name| CString::new(name).ok());
    let name = name.as_ref().map_or(null_mut(), |name| name.as_ptr().cast_mut());
    let mut args = JavaVMAttachArgs { version: JNI_VERSION_1_6, name: name.cast::<c_char>(), group: null_mut() };
    let mut env = null_mut();
    // SAFETY: the VM gave us this pointer; its table has this function since JNI 1.4. `args` and the name it points to live
    // until the call returns, and the VM copies the name. A thread that is attached already stays as it is.
    let done = unsafe { ((***vm).v1_4.AttachCurrentThreadAsDaemon)(*vm, &mut env, (&raw mut args).cast()) };
    if done != JNI_OK {
        tracing::warn!(code = done, "a thread was not attached to the Java VM; each callback from it is slower");
    }
}

/// Ends what [`attach`] began. To be called when nothing of Java is left on this thread's stack.
pub fn detach() {
    let Some(Vm(vm)) = VM.get() else { return };
    // SAFETY: as in `attach`. A thread that is not attached, or has Java frames, is left as it is and the call fails.
    let _is_detached = unsafe { ((***vm).v1_4.DetachCurrentThread)(*vm) };
}

/// Does the work of a thread, from its start to its end, attached.
pub fn attached<T>(work: impl FnOnce() -> T) -> T {
    /// Android ends the process when a thread ends attached, so also when the work panics.
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
    fn without_a_vm_nothing_happens() {
        // SAFETY: null is a pointer it takes.
        assert_eq!(unsafe { JNI_OnLoad(null_mut(), null_mut()) }, JNI_VERSION_1_6);
        assert!(VM.get().is_none());
        attach();
        detach();
        assert_eq!(attached(|| 7), 7);
    }
}
