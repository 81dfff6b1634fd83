import com.github.unidbg.AndroidEmulator;
import com.github.unidbg.Symbol;
import com.github.unidbg.arm.backend.DynarmicFactory;
import com.github.unidbg.linux.android.AndroidEmulatorBuilder;
import com.github.unidbg.linux.android.AndroidResolver;
import com.github.unidbg.linux.android.dvm.DalvikModule;
import java.io.File;

/** Loads an arm64 library in an emulator with the system libraries of Android 6, and calls two of its functions. */
public class Load {
    public static void main(String[] args) throws Exception {
        try (AndroidEmulator emulator = AndroidEmulatorBuilder.for64Bit()
                .setProcessName("org.fieldcast.check")
                .addBackendFactory(new DynarmicFactory(false))
                .build()) {
            emulator.getMemory().setLibraryResolver(new AndroidResolver(23));
            DalvikModule library = emulator.createDalvikVM().loadLibrary(new File(args[0]), true); // runs its constructors
            library.callJNI_OnLoad(emulator);
            Symbol version = library.getModule().findSymbolByName("ffi_fieldcast_ffi_uniffi_contract_version", false);
            System.out.println("unidbg loads it; UniFFI contract version " + version.call(emulator).intValue());
        }
    }
}
