package org.fieldcast.app.ui.parts

import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.text.KeyboardActions
import androidx.compose.foundation.text.KeyboardOptions
import androidx.compose.material3.Icon
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalFocusManager
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.text.input.ImeAction
import org.fieldcast.app.R

/** A text field for a search. Slow results do not delay typing: [query] may follow the typed text later. */
@Composable
fun SearchField(label: String, query: String, onSearch: (String) -> Unit) {
    val focus = LocalFocusManager.current
    var typed by remember { mutableStateOf(query) }
    val unanswered = remember { ArrayDeque<String>() }
    fun type(text: String) {
        typed = text
        unanswered += text
        onSearch(text)
    }
    LaunchedEffect(query) {
        val answered = unanswered.indexOf(query)
        // What the user did not type was set by the screen, which for example ends the search.
        if (answered < 0) typed = query
        repeat(answered + 1) { unanswered.removeFirst() }
    }
    OutlinedTextField(
        typed,
        ::type,
        Modifier.fillMaxWidth(),
        label = { Text(label) },
        leadingIcon = { Icon(Icons.Search, null) },
        trailingIcon = {
            if (typed.isNotEmpty()) IconAction(Icons.Close, stringResource(R.string.clear_search)) { type("") }
        },
        keyboardOptions = KeyboardOptions(autoCorrectEnabled = false, imeAction = ImeAction.Search),
        keyboardActions = KeyboardActions(onSearch = { focus.clearFocus() }),
        singleLine = true,
    )
}
