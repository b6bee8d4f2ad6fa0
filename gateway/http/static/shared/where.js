// Where the phone is, so that a sticker scanned elsewhere is noticed; nothing if it does not say so soon.

const RECENT_MS = 30000; // one asked for so lately will do, unless it is to be fresh

export function here(isFresh = false) {
  return new Promise((resolve) => {
    const unknown = () => resolve({});
    setTimeout(unknown, 8000); // the browser's own timeout does not count while it asks for permission
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ latitude: coords.latitude, longitude: coords.longitude }),
      unknown,
      { enableHighAccuracy: true, maximumAge: isFresh ? 0 : RECENT_MS, timeout: 8000 },
    );
  });
}
