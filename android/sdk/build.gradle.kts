// The SDK as an Android library. Needs the Android SDK and NDK (r28 or later: its linker makes 16 KiB pages by default),
// rustup with the three targets below, and cargo-ndk. Not run in this repository's CI; see android/settings.gradle.kts.
plugins {
    id("com.android.library") version "8.11.0"
    id("org.jetbrains.kotlin.android") version "2.4.21"
    `maven-publish`
}

/** Android's name of an architecture, and Rust's. */
val architectures = mapOf(
    "arm64-v8a" to "aarch64-linux-android",
    "armeabi-v7a" to "armv7-linux-androideabi",
    "x86_64" to "x86_64-linux-android",
)
val minimum = 26
val libraries = layout.buildDirectory.dir("rustJniLibs")

android {
    namespace = "org.fieldcast.sdk"
    compileSdk = 35

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
    api("org.jetbrains.kotlinx:kotlinx-coroutines-android:1.11.0")
    implementation("net.java.dev.jna:jna:5.19.1@aar")
}

val cargo by tasks.registering(Exec::class) {
    description = "Builds the engine for every architecture."
    workingDir = rootDir.parentFile
    val chosen = architectures.keys.flatMap { listOf("--target", it) }
    commandLine(
        listOf("cargo", "ndk", "--platform", "$minimum", "--output-dir", libraries.get().asFile.path) + chosen +
            listOf("build", "--release", "--locked", "--package", "fieldcast-ffi", "--features", "jni"),
    )
    // The NDK before r28 needs to be told; to later ones it says nothing new.
    environment("RUSTFLAGS", "-C link-arg=-Wl,-z,max-page-size=16384")
    inputs.dir(rootDir.parentFile.resolve("core"))
    inputs.file(rootDir.parentFile.resolve("Cargo.lock"))
    outputs.dir(libraries)
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
