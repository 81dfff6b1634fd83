package org.fieldcast.app

import java.io.File
import org.fieldcast.app.pictures.languages
import org.fieldcast.app.pictures.manualPictures
import org.junit.Assert.assertEquals
import org.junit.Test

/** The one-page manuals name buttons as the screens do, and show the pictures of their language. */
class ManualsTest {
    private val docs = File("../../docs")
    private val manuals = listOf("en" to "", "fr" to ".fr", "pt" to ".pt").flatMap { (language, ending) ->
        listOf("distributor", "receiver").map { language to File(docs, "guide-$it$ending.md") }
    }

    @Test
    fun `names texts of the screens`() {
        val unknown = manuals.flatMap { (language, manual) ->
            val folder = if (language == "en") "values" else "values-$language"
            val texts = File("src/main/res/$folder").walk().filter { it.extension == "xml" }.joinToString("\n") { it.readText() }
            val shown = texts.replace("\\'", "'").replace("\\u00A0", " ")
            Regex("""\*\*(.+?)\*\*""").findAll(manual.readText()).map { it.groupValues[1] }
                .filter { it !in shown }.map { "${manual.name}: $it" }
        }
        assertEquals(emptyList<String>(), unknown)
    }

    @Test
    fun `shows pictures that are kept for manuals`() {
        val shown = manuals.flatMap { (language, manual) ->
            Regex("""src="pictures/(\w+)/([\w-]+)\.png"""").findAll(manual.readText())
                .map { Triple(manual.name, language == it.groupValues[1], it.groupValues[2]) }
        }
        assertEquals(emptyList<Any>(), shown.filter { (_, isOwnLanguage, name) -> !isOwnLanguage || name !in manualPictures })
        assertEquals("pictures that no manual shows", emptySet<String>(), manualPictures - shown.map { it.third }.toSet())
        for (language in languages) {
            val stored = File(docs, "pictures/$language").list().orEmpty().map { it.removeSuffix(".png") }.toSet()
            assertEquals("stored pictures in $language", manualPictures, stored)
        }
    }
}
