package org.fieldcast.app.pictures

/** Every state of every screen. */
val allPictures: List<Picture> = homePictures + setupPictures + villagesPictures + downloadPictures + sendPictures +
    receivePictures + lookUpPictures + historyPictures + trustedPictures + troublePictures + settingsPictures

/** The names of the pictures that docs/guide-*.md show. */
val manualPictures: Set<String> = setOf(
    "setup-start",
    "villages-selected",
    "download-done",
    "home",
    "send-selected",
    "send-code-scanned",
    "send-running",
    "send-done",
    "receive-searching",
    "receive-question-scanned",
    "receive-receiving",
    "receive-saved",
    "lookup",
)
