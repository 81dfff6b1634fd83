package org.fieldcast.app.pictures

/** Every state of every screen. */
val allPictures: List<Picture> = homePictures
