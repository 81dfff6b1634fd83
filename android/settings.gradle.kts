// CI does not run this build, because it cannot reach Google's Maven repository. It compiles and tests the same sources with
// `cargo xtask app android` and with android/sdk/pom.xml, and a test compares the versions. gradle/libs.versions.toml has them all.
pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    repositoriesMode = RepositoriesMode.FAIL_ON_PROJECT_REPOS
    repositories {
        google()
        mavenCentral()
    }
}

rootProject.name = "fieldcast"
include(":app", ":sdk")
