// Builds the app, with what ../sdk/build.gradle.kts needs. CI does not run it; see android/settings.gradle.kts.
// gradle :app:assembleTraining makes the APK with which two phones practise, :app:bundleRelease the one for stores.
import org.jetbrains.kotlin.gradle.tasks.KotlinCompile

plugins {
    alias(libs.plugins.android.application)
    alias(libs.plugins.kotlin.compose)
}

/** The version of the workspace, the only place with it. */
val workspaceVersion: String = rootDir.resolveSibling("Cargo.toml").readLines()
    .dropWhile { it != "[workspace.package]" }
    .first { it.startsWith("version = ") }
    .substringAfter('"').substringBefore('"')

val sharedTests: File = layout.buildDirectory.dir("shared-tests").get().asFile

android {
    namespace = "org.fieldcast.app"
    compileSdk = libs.versions.compileSdk.get().toInt()
    ndkVersion = libs.versions.ndk.get() // to strip the libraries

    defaultConfig {
        applicationId = "org.fieldcast.app"
        minSdk = libs.versions.minSdk.get().toInt()
        targetSdk = libs.versions.targetSdk.get().toInt()
        versionName = workspaceVersion
        // As `version_code` in core/xtask/src/app/mod.rs.
        versionCode = workspaceVersion.split('.', '-').take(3).fold(0) { code, part -> 1000 * code + (part.toIntOrNull() ?: 0) }
    }
    // JNA also has architectures that the SDK has not.
    defaultConfig.ndk { abiFilters += listOf("arm64-v8a", "armeabi-v7a", "x86_64") }
    androidResources { localeFilters += listOf("en", "pt", "fr", "sw", "ar") } // as in res/xml/locales.xml
    buildFeatures { compose = true }
    buildTypes {
        release {
            isMinifyEnabled = true
            isShrinkResources = true
            proguardFiles(getDefaultProguardFile("proguard-android-optimize.txt"), "proguard-rules.pro")
        }
        create("training") {
            initWith(getByName("release"))
            applicationIdSuffix = ".training" // a phone can have it beside the app with its data
            signingConfig = signingConfigs.getByName("debug")
            matchingFallbacks += "release"
        }
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
    // `cargo xtask practice-bundle target/android-app/assets/practice.fcb` makes the data to practise with.
    for (name in listOf("debug", "training")) {
        sourceSets.getByName(name).assets.srcDir(rootDir.resolveSibling("target/android-app/assets"))
    }
    // The tests need a sandbox and this machine's library, which `cargo xtask app android --test` starts and builds.
    testOptions.unitTests.isIncludeAndroidResources = true
    sourceSets.getByName("test").kotlin.srcDir(sharedTests)
}

// The tests use the SDK's simulated radio. Its folder also has tests, which need another version of JUnit.
val copySharedTests by tasks.registering(Copy::class) {
    from(rootDir.resolve("sdk/src/test/kotlin/org/fieldcast/sdk/link/FakeRadio.kt"))
    into(sharedTests)
}

// The simulated radio implements `internal` interfaces of the SDK.
val sdkClasses: File = rootDir.resolve("sdk/build")
tasks.withType<KotlinCompile>().matching { it.name.endsWith("UnitTestKotlin") }.configureEach {
    dependsOn(copySharedTests)
    friendPaths.from(libraries.filter { it.startsWith(sdkClasses) })
}

kotlin { jvmToolchain(17) }

dependencies {
    implementation(project(":sdk"))
    implementation(libs.activity.compose)
    implementation(libs.compose.foundation)
    implementation(libs.compose.material.ripple)
    implementation(libs.compose.material3)
    implementation(libs.compose.ui)
    implementation(libs.core.ktx)
    implementation(libs.lifecycle.process)
    implementation(libs.lifecycle.runtime.compose)
    implementation(libs.lifecycle.viewmodel.compose)
    implementation(libs.navigation.compose)
    implementation(libs.zxing.core)
    implementation(libs.zxing.view)

    debugImplementation(libs.compose.ui.test.manifest)
    testImplementation(libs.compose.ui.test.junit4)
    testImplementation(libs.coroutines.test)
    testRuntimeOnly(libs.jna) // the JAR, with the native part for this machine
    testImplementation(libs.junit)
    testImplementation(libs.robolectric)
    testImplementation(libs.test.core)
    testImplementation(libs.test.junit)
}
