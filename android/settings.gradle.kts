// CI does not run this build, because it cannot reach Google's Maven repository. android/sdk/pom.xml compiles and tests the same
// sources.
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
include(":sdk")
