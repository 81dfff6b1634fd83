package org.fieldcast.app

import android.app.PendingIntent
import android.content.Context
import android.content.Intent
import android.os.Bundle
import androidx.activity.ComponentActivity
import androidx.activity.compose.setContent
import androidx.activity.enableEdgeToEdge
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.receiveAsFlow
import org.fieldcast.app.ui.AppNavigation
import org.fieldcast.app.ui.Place
import org.fieldcast.app.ui.theme.FieldcastTheme

/** The only activity. */
class MainActivity : ComponentActivity() {
    /** The screen that the last tapped notification leads to. */
    private val requests = Channel<Place>(Channel.CONFLATED)
    private val requested = requests.receiveAsFlow()

    override fun onCreate(savedInstanceState: Bundle?) {
        enableEdgeToEdge()
        super.onCreate(savedInstanceState)
        if (savedInstanceState == null) request(intent)
        val state = (application as FieldApp).state
        setContent { FieldcastTheme { AppNavigation(state, requested) } }
    }

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        request(intent)
    }

    private fun request(intent: Intent) {
        // The list of recent apps sends the intent that once opened the app.
        val isRepeated = intent.flags and Intent.FLAG_ACTIVITY_LAUNCHED_FROM_HISTORY != 0
        val name = intent.getStringExtra(PLACE).takeUnless { isRepeated }
        Place.entries.find { it.name == name }?.let(requests::trySend)
    }

    companion object {
        private const val PLACE = "org.fieldcast.app.place"

        /** Opens the app, or brings it to the front, at this screen. */
        fun leadingTo(context: Context, place: Place): PendingIntent {
            val intent = Intent(context, MainActivity::class.java).putExtra(PLACE, place.name)
            // Android tells intents apart by this number, not by their extras.
            return PendingIntent.getActivity(context, place.ordinal, intent, PendingIntent.FLAG_IMMUTABLE)
        }
    }
}
