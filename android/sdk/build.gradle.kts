// Builds the SDK as an Android library. Needs the Android SDK, an NDK (its linker aligns to 16 KiB by default from r28 on),
// rustup with the three targets below, and cargo-ndk. CI does not run it; see android/settings.gradle.kts.
import java.nio.ByteBuffer
import java.nio.ByteOrder

plugins {
    alias(libs.plugins.android.library)
    `maven-publish`
}

/** Android's name of an architecture, and Rust's. */
val architectures = mapOf(
    "arm64-v8a" to "aarch64-linux-android",
    "armeabi-v7a" to "armv7-linux-androideabi",
    "x86_64" to "x86_64-linux-android",
)
val minimum = libs.versions.minSdk.get().toInt()
val root: File = rootDir.parentFile
val libraries: File = layout.buildDirectory.dir("rustJniLibs").get().asFile

android {
    namespace = "org.fieldcast.sdk"
    compileSdk = libs.versions.compileSdk.get().toInt()
    ndkVersion = libs.versions.ndk.get()

    defaultConfig {
        minSdk = minimum
        consumerProguardFiles("consumer-rules.pro")
        ndk { abiFilters += architectures.keys }
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
    sourceSets["main"].apply {
        java.srcDirs("src/main/generated", "src/main/kotlin", "src/android/kotlin")
        jniLibs.srcDir(libraries)
    }
    // The tests of src/test need a sandbox and the host's library: `cargo xtask journey kotlin` runs them.
    sourceSets["test"].java.setSrcDirs(emptyList<String>())
    publishing { singleVariant("release") { withSourcesJar() } }
}

kotlin { jvmToolchain(17) }

dependencies {
    api(libs.coroutines.android)
    implementation(variantOf(libs.jna) { artifactType("aar") })
}

val cargo by tasks.registering(Exec::class) {
    description = "Builds the engine for every architecture."
    workingDir = root
    commandLine(
        listOf("cargo", "ndk", "--platform", "$minimum", "--output-dir", libraries.path) +
            architectures.keys.flatMap { listOf("--target", it) } +
            listOf("rustc", "--profile", "phone", "--locked", "--package", "fieldcast-ffi", "--features", "jni") +
            listOf("--lib", "--crate-type", "cdylib"), // alone, so that it is optimised as a whole
    )
    val ndk = androidComponents.sdkComponents.ndkDirectory
    doFirst { environment("ANDROID_NDK_HOME", ndk.get().asFile.path) }
    doLast {
        val made = libraries.walk().filter { it.extension == "so" }.toList()
        check(made.size == architectures.size) { "made: $made" }
        made.forEach { check(hasWidePages(it)) { "$it would not load on phones with 16 KiB pages" } }
    }
    inputs.dir(root.resolve("core"))
    inputs.dir(root.resolve("schema"))
    inputs.files(root.resolve("Cargo.toml"), root.resolve("Cargo.lock"))
    outputs.dir(libraries)
}

/** Whether every loaded segment of a library is aligned to 16 KiB. No 32-bit system has pages of this size. */
fun hasWidePages(library: File): Boolean {
    val elf = ByteBuffer.wrap(library.readBytes()).order(ByteOrder.LITTLE_ENDIAN)
    if (elf.get(4).toInt() != 2) return true
    val segments = List(elf.getShort(56).toInt()) { elf.getLong(32).toInt() + it * elf.getShort(54) }
    return segments.filter { elf.getInt(it) == 1 }.all { elf.getLong(it + 48) >= 16 * 1024 }
}

tasks.named("preBuild") { dependsOn(cargo) }

publishing {
    publications {
        register<MavenPublication>("release") {
            groupId = "org.fieldcast"
            artifactId = "sdk"
            version = "0.1.0"
            afterEvaluate { from(components["release"]) }
        }
    }
}
