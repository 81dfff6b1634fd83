package org.fieldcast.app.ui

import java.text.Normalizer

private val MARKS = Regex("\\p{M}+")

/** The text as a search compares it: in small letters, and without accents. */
fun String.folded(): String = Normalizer.normalize(this, Normalizer.Form.NFKD).replace(MARKS, "").lowercase()

/** The words to search for. */
fun String.searchWords(): List<String> = folded().split(' ').filter { it.isNotEmpty() }
