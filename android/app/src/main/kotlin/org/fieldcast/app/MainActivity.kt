package org.fieldcast.app

import android.os.Bundle
import androidx.activity.ComponentActivity
import androidx.activity.compose.setContent
import androidx.activity.enableEdgeToEdge
import org.fieldcast.app.ui.AppNavigation
import org.fieldcast.app.ui.theme.FieldcastTheme

/** The only activity. */
class MainActivity : ComponentActivity() {
    override fun onCreate(savedInstanceState: Bundle?) {
        enableEdgeToEdge()
        super.onCreate(savedInstanceState)
        val state = (application as FieldApp).state
        setContent { FieldcastTheme { AppNavigation(state) } }
    }
}
