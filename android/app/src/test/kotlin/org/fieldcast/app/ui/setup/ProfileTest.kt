package org.fieldcast.app.ui.setup

import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test

class ProfileTest {
    private val key = "c8".repeat(32)

    @Test
    fun readsProfile() {
        val text = "fieldcast://profile?server=https%3A%2F%2Fhcm.example.org%2F&tenant=mz&later=1"
        assertEquals(Profile("https://hcm.example.org", "mz"), parseProfile(text, false))
        val campaign = "fieldcast://profile?server=hcm.example.org&tenant=mz&campaign=$key&name=Nampula%202026"
        assertEquals(Profile("https://hcm.example.org", "mz", key, "Nampula 2026"), parseProfile(campaign, false))
    }

    /** `fieldcast profile` writes the same texts: `profile.rs` reads this file. */
    @Test
    fun readsWhatTheCommandLineWrites() {
        val lines = File("../../schema/wire/profiles.txt").readLines().filter { !it.startsWith("#") }
        for (line in lines) {
            val (text, server, tenant, key, name) = line.split(" | ")
            val expected = Profile(server, tenant, key.takeIf { it != "-" }, name.takeIf { it != "-" })
            assertEquals(expected, parseProfile(text, false))
        }
        assertTrue(lines.size > 4)
    }

    @Test
    fun rejectsOtherCodes() {
        for (text in listOf(
            "",
            "https://hcm.example.org",
            "fieldcast:1?a=192.168.49.1:47000",
            "fieldcast://profile?server=hcm.example.org",
            "fieldcast://profile?tenant=mz",
            "fieldcast://profile?server=hcm.example.org&tenant=mz&campaign=short",
            "fieldcast://profile?server=hcm.example.org&tenant=%zz",
            "fieldcast://profile?server=http%3A%2F%2Fhcm.example.org&tenant=mz",
        )) {
            assertNull(text, parseProfile(text, false))
        }
    }

    @Test
    fun checksTypedServer() {
        fun check(text: String) = checkServer(text, isHttpAllowed = false)
        assertEquals(ServerAddress.Good("https://hcm.example.org"), check(" hcm.example.org/ "))
        assertEquals(ServerAddress.Good("https://example.org:8443/digit"), check("HTTPS://example.org:8443/digit/"))
        assertEquals(ServerAddress.Empty, check("  "))
        assertEquals(ServerAddress.NotAnAddress, check("the server"))
        assertEquals(ServerAddress.NotAnAddress, check("ftp://hcm.example.org"))
        assertEquals(ServerAddress.NotAnAddress, check("https://user:word@hcm.example.org"))
        assertEquals(ServerAddress.NotAnAddress, check("https://"))
        assertEquals(ServerAddress.NotSecure, check("http://hcm.example.org"))
        assertEquals(ServerAddress.Good("http://127.0.0.1:8008"), checkServer("http://127.0.0.1:8008", true))
    }
}
