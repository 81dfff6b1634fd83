package org.fieldcast.app

import java.io.File
import javax.xml.parsers.DocumentBuilderFactory
import org.junit.Assert.assertEquals
import org.junit.Test
import org.w3c.dom.Element
import org.w3c.dom.NodeList

/** Compares the texts of every language with the English ones. The working directory is android/app. */
class TranslationsTest {
    @Test
    fun `translates every text and no other`() = check { language ->
        val there = texts(language).keys
        (english.keys - there).map { "$it is missing" } + (there - english.keys).map { "$it is not to be translated" }
    }

    @Test
    fun `keeps the placeholders`() = check { language ->
        texts(language).flatMap { (key, forms) ->
            val all = english[key]?.values?.first()?.let(::placeholders).orEmpty()
            forms.filter { (quantity, text) ->
                val missing = all - placeholders(text).toSet()
                val allowed = if (quantity in oneNumber[language].orEmpty()) 1 else 0
                missing.size > allowed || placeholders(text) != all - missing.toSet()
            }.map { "$key, ${it.key}: \"${it.value}\"" }
        }
    }

    @Test
    fun `has the plural forms of the language`() = check { language ->
        texts(language).filterKeys { it.isPlural }.mapNotNull { (key, forms) ->
            if (forms.keys == quantities.getValue(language)) null else "$key has ${forms.keys}"
        }
    }

    @Test
    fun `leaves no text in English`() = check { language ->
        texts(language).mapNotNull { (key, forms) ->
            val same = forms.values.firstOrNull { it.hasWords && it in english[key]?.values.orEmpty() }
            if (same == null || key.name in sameInAll || key.name in same(language)) null else "$key: \"$same\""
        }
    }

    @Test
    fun `needs every exception to the rule above`() = check { language ->
        same(language).filter { name ->
            val (key, forms) = texts(language).entries.firstOrNull { it.key.name == name } ?: return@filter true
            forms.values.none { it in english[key]?.values.orEmpty() }
        }
    }

    @Test
    fun `escapes apostrophes and quotation marks`() = (listOf("en") + quantities.keys).forEach { language ->
        val wrong = texts(language).flatMap { (key, forms) ->
            forms.values.filter { unescaped in it && !it.matches(wholeQuoted) }.map { "$key: $it" }
        }
        assertEquals(language, "", wrong.joinToString("\n"))
    }

    private fun check(problems: (String) -> List<String>) {
        val all = quantities.keys.flatMap { language -> problems(language).map { "$language: $it" } }
        assertEquals("", all.joinToString("\n"))
    }

    /** A string or a plural in a file of texts. */
    private data class Key(val file: String, val name: String, val isPlural: Boolean) {
        override fun toString() = "$file, $name"
    }

    private companion object {
        /** The languages and their plural forms, from the table "Language Plural Rules" of CLDR 46. */
        val quantities = mapOf(
            "pt" to setOf("one", "many", "other"),
            "fr" to setOf("one", "many", "other"),
            "sw" to setOf("one", "other"),
            "ar" to setOf("zero", "one", "two", "few", "many", "other"),
        )

        /** Forms that stand for one number only, which may be a word or left out, as in the dual of Arabic. */
        val oneNumber = mapOf("sw" to setOf("one"), "ar" to setOf("zero", "one", "two"))

        /** Names of techniques, which are the same in every language. */
        val sameInAll = setOf("trouble_wifi", "trouble_vpn", "per_second")

        /** Words that are spelled as in English. */
        val sameInSome = mapOf(
            "pt" to setOf("lookup_field_latitude", "lookup_field_longitude"),
            "fr" to setOf(
                "villages", "code_spelled", "settings_version", "settings_licences", "trouble_notification",
                "lookup_field_latitude", "lookup_field_longitude",
            ),
        )

        val english = texts("en")
        val placeholder = Regex("%[^a-zA-Z]*[a-zA-Z]")
        val unescaped = Regex("""(?<!\\)['"]""")

        /** Quotation marks around a whole text keep its spaces. */
        val wholeQuoted = Regex(""""[^"]*"""")

        fun same(language: String) = sameInSome[language].orEmpty()

        fun placeholders(text: String) = placeholder.findAll(text).map { it.value }.sorted().toList()

        val String.hasWords get() = replace(placeholder, "").any(Char::isLetter)

        /** The unprocessed texts that are to be translated: of a string with the form "", of a plural by quantity. */
        fun texts(language: String): Map<Key, Map<String, String>> {
            val values = if (language == "en") "values" else "values-$language"
            val folders = listOf("main", "training").map { File("src/$it/res", values) }
            val files = folders.flatMap { folder ->
                folder.listFiles { file -> file.name.startsWith("strings") }.orEmpty().sorted()
            }
            return files.flatMap { file ->
                val root = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file).documentElement
                root.childNodes.elements().filter { it.getAttribute("translatable") != "false" }.map { element ->
                    val key = Key(file.path.substringAfter("src/").replace(values, "values"), element.getAttribute("name"), element.tagName == "plurals")
                    key to if (key.isPlural) {
                        element.childNodes.elements().associate { it.getAttribute("quantity") to it.textContent }
                    } else {
                        mapOf("" to element.textContent)
                    }
                }
            }.toMap()
        }

        fun NodeList.elements() = (0 until length).map(::item).filterIsInstance<Element>()
    }
}
