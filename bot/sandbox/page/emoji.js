// Emoji by Slack's names, the ones people and bots commonly use; others stay as :name:.

const table = `
grinning 😀 smile 😄 smiley 😃 grin 😁 joy 😂 sweat_smile 😅 slightly_smiling_face 🙂 wink 😉 blush 😊 thinking_face 🤔 neutral_face 😐
confused 😕 worried 😟 disappointed 😞 cry 😢 sob 😭 sunglasses 😎 zzz 💤 wave 👋 +1 👍 thumbsup 👍 -1 👎 thumbsdown 👎 clap 👏
pray 🙏 raised_hands 🙌 raised_hand ✋ hand ✋ ok_hand 👌 muscle 💪 point_right 👉 point_left 👈 point_up ☝️ point_down 👇 handshake 🤝
bow 🙇 eyes 👀 bust_in_silhouette 👤 busts_in_silhouette 👥 heart ❤️ star ⭐ star2 🌟 sparkles ✨ fire 🔥 zap ⚡ boom 💥 100 💯
tada 🎉 confetti_ball 🎊 gift 🎁 trophy 🏆 medal 🏅 dart 🎯 rocket 🚀 seedling 🌱 herb 🌿 sunny ☀️ cloud ☁️ umbrella ☔ snowflake ❄️
rotating_light 🚨 warning ⚠️ no_entry ⛔ no_entry_sign 🚫 octagonal_sign 🛑 x ❌ heavy_check_mark ✔️ white_check_mark ✅
ballot_box_with_check ☑️ question ❓ grey_question ❔ exclamation ❗ heavy_exclamation_mark ❗ bangbang ‼️ information_source ℹ️
red_circle 🔴 large_blue_circle 🔵 large_green_circle 🟢 large_yellow_circle 🟡 large_orange_circle 🟠 large_purple_circle 🟣
white_circle ⚪ black_circle ⚫ white_large_square ⬜ black_large_square ⬛ large_green_square 🟩 large_red_square 🟥 large_yellow_square 🟨
small_blue_diamond 🔹 small_orange_diamond 🔸 large_blue_diamond 🔷 arrow_up ⬆️ arrow_down ⬇️ arrow_right ➡️ arrow_left ⬅️
arrow_upper_right ↗️ arrow_lower_right ↘️ arrows_counterclockwise 🔄 repeat 🔁 leftwards_arrow_with_hook ↩️ arrow_right_hook ↪️
chart_with_upwards_trend 📈 chart_with_downwards_trend 📉 bar_chart 📊 calendar 📅 date 📅 spiral_calendar_pad 🗓️ clock1 🕐 clock9 🕘
hourglass ⌛ hourglass_flowing_sand ⏳ alarm_clock ⏰ stopwatch ⏱️ watch ⌚ bell 🔔 no_bell 🔕 mega 📣 loudspeaker 📢 speech_balloon 💬
thought_balloon 💭 envelope ✉️ email 📧 incoming_envelope 📨 inbox_tray 📥 outbox_tray 📤 mailbox 📫 phone 📞 telephone_receiver 📞
iphone 📱 computer 💻 desktop_computer 🖥️ gear ⚙️ wrench 🔧 hammer 🔨 hammer_and_wrench 🛠️ mag 🔍 lock 🔒 unlock 🔓 key 🔑 link 🔗
paperclip 📎 pushpin 📌 round_pushpin 📍 bookmark 🔖 label 🏷️ memo 📝 pencil ✏️ pencil2 ✏️ clipboard 📋 file_folder 📁
open_file_folder 📂 page_facing_up 📄 newspaper 📰 book 📖 books 📚 ledger 📒 bulb 💡 moneybag 💰 dollar 💵 yen 💴 credit_card 💳
chart 💹 briefcase 💼 office 🏢 house 🏠 school 🏫 factory 🏭 globe_with_meridians 🌐 earth_asia 🌏 earth_americas 🌎 jp 🇯🇵 flag-jp 🇯🇵
us 🇺🇸 flag-us 🇺🇸 airplane ✈️ car 🚗 train 🚆 coffee ☕ tea 🍵 beer 🍺 beers 🍻 cake 🍰 rice_ball 🍙 sushi 🍣 robot_face 🤖 ghost 👻
lifebuoy 🛟 ring_buoy 🛟 ambulance 🚑 thermometer 🌡️ pill 💊 hospital 🏥 recycle ♻️ new 🆕 free 🆓 up 🆙 cool 🆒 ok 🆗 sos 🆘
one 1️⃣ two 2️⃣ three 3️⃣ four 4️⃣ five 5️⃣ six 6️⃣ seven 7️⃣ eight 8️⃣ nine 9️⃣ keycap_ten 🔟 parking 🅿️ double_vertical_bar ⏸️
black_right_pointing_triangle ▶️ arrow_forward ▶️ fast_forward ⏩ black_square_for_stop ⏹️ heavy_plus_sign ➕ heavy_minus_sign ➖
crystal_ball 🔮 jigsaw 🧩 compass 🧭 world_map 🗺️ triangular_flag_on_post 🚩 checkered_flag 🏁 crossed_fingers 🤞 hugging_face 🤗
`;

const byName = new Map();
const cells = table.trim().split(/\s+/);
for (let i = 0; i + 1 < cells.length; i += 2) byName.set(cells[i], cells[i + 1]);

/** The character of an emoji name, or ":name:" where it is not known. */
export function emojiOf(name, unicode) {
  if (unicode) {
    const points = unicode.split("-").map((hex) => parseInt(hex, 16));
    if (points.every((point) => point > 0 && point <= 0x10ffff)) return String.fromCodePoint(...points);
  }
  return byName.get(name.replace(/::skin-tone-\d$/, "")) ?? `:${name}:`;
}

/** Replaces :names: in a plain text. */
export function withEmoji(text) {
  return String(text ?? "").replace(/:([a-z0-9_+-]+):/g, (whole, name) => byName.get(name) ?? whole);
}
