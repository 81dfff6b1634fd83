// Android's plugin compiles Kotlin by itself. Without this line it takes an older compiler.
buildscript {
    dependencies { classpath(libs.kotlin.gradle.plugin) }
}

// Loads each plugin once for all projects.
plugins {
    alias(libs.plugins.android.application) apply false
    alias(libs.plugins.android.library) apply false
    alias(libs.plugins.kotlin.compose) apply false
}
